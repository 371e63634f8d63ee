//! The fits of scaling laws against golden data from R's package usl.

use threadline::analysis::scaling::{Estimate, Fit, RatePoint, fit_models};

/// The 97.5 % quantile of Student's t distribution with three degrees of freedom.
const T_QUANTILE: f64 = 3.1824;

const SPECSDM91: [RatePoint; 7] = [
    (1.0, 64.9),
    (18.0, 995.9),
    (36.0, 1652.4),
    (72.0, 1853.2),
    (108.0, 1828.9),
    (144.0, 1775.0),
    (216.0, 1702.2),
];

const RAYTRACER: [RatePoint; 11] = [
    (1.0, 20.0),
    (4.0, 78.0),
    (8.0, 130.0),
    (12.0, 170.0),
    (16.0, 190.0),
    (20.0, 200.0),
    (24.0, 210.0),
    (28.0, 230.0),
    (32.0, 260.0),
    (48.0, 280.0),
    (64.0, 310.0),
];

fn fit_named(points: &[RatePoint], name: &str) -> Fit {
    fit_models(points).into_iter().find(|fit| fit.name() == name).unwrap()
}

fn values(fit: &Fit) -> Vec<f64> {
    fit.parameters.iter().map(|(_, estimate)| estimate.value).collect()
}

/// Asserts equality to the number of digits in the golden value.
fn assert_digits(value: f64, golden: &str) {
    let digits = golden.split_once('.').map_or(0, |(_, digits)| digits.len());
    assert_eq!(format!("{value:.digits$}"), golden);
}

#[test]
fn usl_fit_of_specsdm91_matches_golden_values() {
    let fit = fit_named(&SPECSDM91, "USL");
    let [g, a, b] = values(&fit)[..] else { panic!("{fit:?}") };
    assert_digits(a, "0.02773");
    assert_digits(b * 1e4, "1.0437");
    assert_digits(g, "89.995");
    let peak = fit.peak().unwrap();
    assert_digits(peak, "96.52");
    assert_digits(fit.rate(peak), "1883.9");
    assert_digits(fit.model.limit().unwrap(), "3245.59");
    assert_digits(fit.r2.unwrap(), "0.98956");
}

#[test]
fn usl_at_its_bound_equals_amdahl() {
    let fit = fit_named(&RAYTRACER, "USL");
    let [g, a, b] = values(&fit)[..] else { panic!("{fit:?}") };
    assert!(b.abs() <= 0.0, "{b}");
    assert_digits(a, "0.05777");
    assert_digits(g, "21.849");
    assert_digits(fit.model.limit().unwrap(), "378.2");
    assert_eq!(fit.peak(), None);
    assert_eq!(fit.parameters[2].1.interval, None);
    let amdahl = fit_named(&RAYTRACER, "Amdahl");
    assert_eq!(values(&amdahl), [g, a]);
}

#[test]
fn usl_fit_of_six_points_matches_golden_values() {
    let fit = fit_named(&RAYTRACER[..6], "USL");
    let [g, a, b] = values(&fit)[..] else { panic!("{fit:?}") };
    assert_digits(a, "0.02444");
    assert_digits(b, "0.00163");
    assert_digits(g, "20.856");
    let interval = fit.parameters[1].1.interval.unwrap();
    assert_digits(interval.low, "-0.0023");
    assert_digits(interval.high, "0.0511");
}

/// The bounds that `confint` of usl 3.0.3 labels 2.5 % and 97.5 % lie `qt(0.95, n - 1)` standard
/// errors from the value: a 90 % interval, with too many degrees of freedom. The standard errors
/// are the same as here.
#[test]
fn standard_errors_match_the_r_package() {
    let error = |fit: &Fit, index: usize| {
        let (_, Estimate { value, interval }) = fit.parameters[index];
        assert_eq!(fit.points - fit.parameters.len(), 3);
        (value, (interval.unwrap().high - value) / T_QUANTILE)
    };
    let (a, error) = error(&fit_named(&RAYTRACER[..6], "USL"), 1);
    assert_digits(a - 2.015_048 * error, "0.00754");
    assert_digits(a + 2.015_048 * error, "0.04135");
}

#[test]
fn usl_fit_finds_the_peak() {
    let points =
        [(1.0, 1.0), (2.0, 1.8868), (4.0, 3.0769), (6.0, 3.5294), (8.0, 3.5398), (10.0, 3.3557)];
    let fit = &fit_models(&points)[0];
    assert_eq!(fit.name(), "USL");
    let [_, a, b] = values(fit)[..] else { panic!("{fit:?}") };
    assert_digits(a, "0.0200");
    assert_digits(b, "0.0200");
    assert_digits(fit.peak().unwrap(), "7.00");
}
