//! The least-squares fits of each law.
//!
//! The parameters of Amdahl's law and of the USL are bounded: 0 <= a <= 1, b >= 0. An iteration that is
//! merely clamped to a bound can stall there, far from the best fit. Therefore each face of the region
//! (a or b at a bound) is searched separately, and the best result wins; in a tie, the one with fewer
//! free parameters. Given a and b, the best g has a closed form, so only these two are searched: on a
//! grid, then by Levenberg-Marquardt from the best point of the grid.

use super::confidence::{dot_product, invert_matrix, mask_fixed, normal_matrix};
use super::{RatePoint, ScalingModel, denominator, rss, rss_floor};

/// The grid from which the search starts.
const CONTENTION_STARTS: [f64; 9] = [1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.25, 0.5, 0.9];
const COHERENCY_STARTS: [f64; 10] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.1, 1.0];

/// The maximum number of steps per search; twenty are typical.
const MAX_STEPS: usize = 300;

/// A face of the parameter region: the fixed values of a and b.
#[derive(Clone, Copy)]
struct UslFace {
    /// The fixed value, or `None` if the parameter is searched.
    contention: Option<f64>,
    coherency: Option<f64>,
}

/// A point of the parameter region.
#[derive(Clone, Copy)]
struct UslCandidate {
    /// g, a and b.
    values: [f64; 3],
    /// The residual sum of squares.
    rss: f64,
}

impl UslCandidate {
    /// The candidate before the search.
    const NONE: Self = Self { values: [0.0; 3], rss: f64::INFINITY };

    /// Adds the best g for given a and b.
    fn new(points: &[RatePoint], a: f64, b: f64) -> Self {
        let gain = slope(points.iter().map(|&(n, rate)| (n / denominator(n, a, b), rate)));
        let values = [gain, a, b];
        Self { values, rss: rss(usl_model(values), points) }
    }
}

pub(super) fn fit_linear(points: &[RatePoint]) -> ScalingModel {
    ScalingModel::Linear { gain: slope(points.iter().copied()) }
}

/// The slope of the least-squares line through the origin.
fn slope(points: impl Iterator<Item = RatePoint>) -> f64 {
    let (products, squares) = points
        .fold((0.0, 0.0), |(products, squares), (n, rate)| (products + n * rate, squares + n * n));
    products / squares
}

/// Fits a plateau exactly: min(g n, C) is a line and a constant, so the best knee between two
/// neighbouring abscissas has a closed form. A knee is tried at each abscissa, and the best one between
/// it and the next. Expects points in the order of their abscissas.
pub(super) fn fit_plateau(points: &[RatePoint]) -> ScalingModel {
    let models = (1..=points.len()).flat_map(|rising| {
        let (rise, flat) = points.split_at(rising);
        let at = rise.last().map_or(1.0, |&(n, _)| n);
        [knee_at(points, at), knee_between(rise, flat)]
    });
    let models = models.flatten().map(|model| (rss(model, points), model));
    models.min_by(|(one, _), (other, _)| one.total_cmp(other)).map_or_else(
        || ScalingModel::Plateau { gain: slope(points.iter().copied()), capacity: 0.0 },
        |(_, model)| model,
    )
}

/// The best plateau with its knee at an abscissa: a line over min(n, knee).
fn knee_at(points: &[RatePoint], knee: f64) -> Option<ScalingModel> {
    let gain = slope(points.iter().map(|&(n, rate)| (n.min(knee), rate)));
    gain.is_finite().then_some(ScalingModel::Plateau { gain, capacity: gain * knee })
}

/// The best line and the best constant, if they intersect between the two groups of points.
fn knee_between(rise: &[RatePoint], flat: &[RatePoint]) -> Option<ScalingModel> {
    let (last, first) = (rise.last()?.0, flat.first()?.0);
    let gain = slope(rise.iter().copied());
    let capacity = flat.iter().map(|(_, rate)| rate).sum::<f64>() / flat.len() as f64;
    let knee = capacity / gain;
    (last <= knee && knee <= first).then_some(ScalingModel::Plateau { gain, capacity })
}

/// Fits Amdahl's law and the USL, in this order.
pub(super) fn fit_usl(points: &[RatePoint]) -> [ScalingModel; 2] {
    let amdahl = best_candidate(points, Some(0.0), UslCandidate::NONE);
    let [gain, contention, _] = amdahl.values;
    let usl = best_candidate(points, None, amdahl);
    [ScalingModel::Amdahl { gain, contention }, usl_model(usl.values)]
}

/// The best candidate over all faces with this b, unless `other` is as good.
fn best_candidate(
    points: &[RatePoint],
    coherency: Option<f64>,
    other: UslCandidate,
) -> UslCandidate {
    let exact = rss_floor(points.iter().map(|&(_, rate)| rate));
    [Some(0.0), Some(1.0), None].into_iter().fold(other, |best, contention| {
        let found = search_face(points, UslFace { contention, coherency });
        if found.rss + exact < best.rss { found } else { best }
    })
}

const fn usl_model([gain, contention, coherency]: [f64; 3]) -> ScalingModel {
    ScalingModel::Usl { gain, contention, coherency }
}

/// The best candidate on a face.
fn search_face(points: &[RatePoint], face: UslFace) -> UslCandidate {
    let grid = |fixed: Option<f64>, grid: &[f64]| fixed.map_or(grid.to_vec(), |value| vec![value]);
    let contentions = grid(face.contention, &CONTENTION_STARTS);
    let coherencies = grid(face.coherency, &COHERENCY_STARTS);
    let starts = contentions.iter().flat_map(|&a| coherencies.iter().map(move |&b| (a, b)));
    let starts = starts.map(|(a, b)| UslCandidate::new(points, a, b));
    let start = starts.min_by(|one, other| one.rss.total_cmp(&other.rss));
    let start = start.unwrap_or(UslCandidate::NONE);
    match [true, face.contention.is_none(), face.coherency.is_none()] {
        [_, false, false] => start,
        free => descend(points, free, start),
    }
}

/// Descends to the nearest minimum (Marquardt 1963).
fn descend(points: &[RatePoint], free: [bool; 3], start: UslCandidate) -> UslCandidate {
    let (mut best, mut damping) = (start, 1e-3);
    for _ in 0..MAX_STEPS {
        let step = marquardt_step(points, free, best.values, damping);
        let Some([_, by_contention, by_coherency]) = step else { break };
        let [_, a, b] = best.values;
        let (a, b) = ((a + by_contention).clamp(0.0, 1.0), (b + by_coherency).max(0.0));
        let tried = UslCandidate::new(points, a, b);
        let gained = best.rss - tried.rss;
        if gained > 0.0 {
            (best, damping) = (tried, damping / 10.0);
        } else {
            damping *= 10.0;
        }
        let little = gained >= 0.0 && gained <= best.rss * 1e-13;
        if little || damping > 1e9 {
            break;
        }
    }
    best
}

/// The step (J^T J with its diagonal damped)^-1 J^T r.
fn marquardt_step(
    points: &[RatePoint],
    free: [bool; 3],
    values: [f64; 3],
    damping: f64,
) -> Option<[f64; 3]> {
    let model = usl_model(values);
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = normal_matrix(model, points, free);
    let more = 1.0 + damping;
    let inverse = invert_matrix([[xx * more, xy, xz], [yx, yy * more, yz], [zx, zy, zz * more]])?;
    let slope = points.iter().fold([0.0; 3], |[x, y, z], &(n, rate)| {
        let off = rate - model.rate(n);
        let [by_x, by_y, by_z] = mask_fixed(model.gradient(n), free);
        [x + by_x * off, y + by_y * off, z + by_z * off]
    });
    Some(inverse.map(|row| dot_product(row, slope)))
}
