//! The least-squares fits of Amdahl's law and of the USL.
//!
//! Their parameters are bounded: 0 <= a <= 1, b >= 0. An iteration that is merely clamped to a
//! bound can stall there, far from the best fit. Therefore each face of the region (a or b at a
//! bound) is searched separately, and the best result wins; in a tie, the one with fewer free
//! parameters. Given a and b, the best g has a closed form, so only these two are searched: on a
//! grid, then by Levenberg-Marquardt from the best point of the grid.

use super::confidence::{dot_product, invert_matrix, mask_fixed, normal_matrix};
use super::scaling_model::denominator;
use super::{RatePoint, ScalingModel, rss, rss_floor, slope};

/// A face of the parameter region: the fixed values of a and b.
#[derive(Clone, Copy)]
struct UslFace {
    /// The fixed value, or `None` if the parameter is searched.
    contention: Option<f64>,
    coherency: Option<f64>,
}

/// The grid from which the search starts.
const CONTENTION_STARTS: [f64; 9] = [1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.25, 0.5, 0.9];
const COHERENCY_STARTS: [f64; 10] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.1, 1.0];

/// The maximum number of steps per search; twenty are typical.
const MAX_STEPS: usize = 300;

/// Fits Amdahl's law and the USL, in this order.
pub(super) fn fit_usl(points: &[RatePoint]) -> [ScalingModel; 2] {
    let nothing = (f64::INFINITY, [0.0; 3]);
    let amdahl = best_parameters(points, Some(0.0), nothing);
    let (_, [gain, contention, _]) = amdahl;
    let (_, usl) = best_parameters(points, None, amdahl);
    [ScalingModel::Amdahl { gain, contention }, usl_model(usl)]
}

/// The best (g, a, b) over all faces with this b, unless `other` is as good.
fn best_parameters(
    points: &[RatePoint],
    coherency: Option<f64>,
    other: (f64, [f64; 3]),
) -> (f64, [f64; 3]) {
    let exact = rss_floor(points.iter().map(|&(_, rate)| rate));
    [Some(0.0), Some(1.0), None].into_iter().fold(other, |best, contention| {
        let values = search_face(points, UslFace { contention, coherency });
        let squares = rss(usl_model(values), points);
        if squares + exact < best.0 { (squares, values) } else { best }
    })
}

const fn usl_model([gain, contention, coherency]: [f64; 3]) -> ScalingModel {
    ScalingModel::Usl { gain, contention, coherency }
}

/// The best (g, a, b) of a face.
fn search_face(points: &[RatePoint], face: UslFace) -> [f64; 3] {
    let grid = |fixed: Option<f64>, grid: &[f64]| fixed.map_or(grid.to_vec(), |value| vec![value]);
    let contentions = grid(face.contention, &CONTENTION_STARTS);
    let coherencies = grid(face.coherency, &COHERENCY_STARTS);
    let starts = contentions.iter().flat_map(|&a| coherencies.iter().map(move |&b| (a, b)));
    let starts = starts
        .map(|(a, b)| with_gain(points, a, b))
        .map(|values| (rss(usl_model(values), points), values));
    let start = starts.min_by(|(one, _), (other, _)| one.total_cmp(other));
    let (squares, values) = start.unwrap_or((f64::INFINITY, [0.0; 3]));
    match [true, face.contention.is_none(), face.coherency.is_none()] {
        [_, false, false] => values,
        free => descend(points, free, squares, values),
    }
}

/// Adds the best g for given a and b.
fn with_gain(points: &[RatePoint], a: f64, b: f64) -> [f64; 3] {
    let gain = slope(points.iter().map(|&(n, rate)| (n / denominator(n, a, b), rate)));
    [gain, a, b]
}

/// Descends to the nearest minimum (Marquardt 1963).
fn descend(points: &[RatePoint], free: [bool; 3], squares: f64, values: [f64; 3]) -> [f64; 3] {
    let (mut squares, mut values, mut damping) = (squares, values, 1e-3);
    for _ in 0..MAX_STEPS {
        let Some([_, by_contention, by_coherency]) = marquardt_step(points, free, values, damping)
        else {
            break;
        };
        let [_, a, b] = values;
        let tried =
            with_gain(points, (a + by_contention).clamp(0.0, 1.0), (b + by_coherency).max(0.0));
        let reached = rss(usl_model(tried), points);
        let gained = squares - reached;
        if gained > 0.0 {
            (squares, values, damping) = (reached, tried, damping / 10.0);
        } else {
            damping *= 10.0;
        }
        let little = gained >= 0.0 && gained <= squares * 1e-13;
        if little || damping > 1e9 {
            break;
        }
    }
    values
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
