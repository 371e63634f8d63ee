//! Confidence intervals of fitted values, from the Jacobian's covariance and Student's t
//! distribution.

use super::{ConfidenceInterval, Estimate, Parameter, RatePoint, ScalingModel};

/// A symmetric matrix over the parameters, or its inverse.
pub(super) type Matrix = [[f64; 3]; 3];

/// Returns the estimates of all parameters and of the knee.
///
/// The covariance of the parameters is s^2 (J^T J)^-1 with s^2 = rss / (points - parameters). A
/// parameter at its bound counts as known. The variance of the knee follows to first order.
pub(super) fn estimate_parameters(
    model: ScalingModel,
    points: &[RatePoint],
    rss: f64,
) -> (Vec<(Parameter, Estimate)>, Option<Estimate>) {
    let parameters = model.parameters();
    let free = free_parameters(model);
    let known = points.len().saturating_sub(free.iter().filter(|&&free| free).count());
    let covariance =
        (known > 0).then(|| invert_matrix(normal_matrix(model, points, free))).flatten();
    let spread = |slopes: [f64; 3]| {
        let variance = dot_product(slopes, covariance?.map(|row| dot_product(row, slopes)));
        let spread = t_quantile(known) * (variance * rss / known as f64).max(0.0).sqrt();
        let varies = slopes.iter().any(|slope| slope.abs() > 0.0);
        (varies && spread.is_finite()).then_some(spread)
    };
    let estimate = |value: f64, slopes: [f64; 3]| {
        let spread = spread(slopes);
        let interval = spread.map(|by| ConfidenceInterval { low: value - by, high: value + by });
        Estimate { value, interval }
    };
    let units = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let each = parameters.iter().zip(units).zip(free).map(|((&(parameter, value), unit), free)| {
        (parameter, estimate(value, if free { unit } else { [0.0; 3] }))
    });
    let knee = model.knee().map(|knee| estimate(knee, knee_slopes(model, free)));
    (each.collect(), knee)
}

/// The parameters that exist and are not at a bound.
fn free_parameters(model: ScalingModel) -> [bool; 3] {
    let inside = |contention: f64| contention > 0.0 && contention < 1.0;
    match model {
        ScalingModel::Linear { .. } => [true, false, false],
        ScalingModel::Plateau { .. } => [true, true, false],
        ScalingModel::Amdahl { contention, .. } => [true, inside(contention), false],
        ScalingModel::Usl { contention, coherency, .. } => {
            [true, inside(contention), coherency > 0.0]
        }
    }
}

/// J^T J over the free parameters, with 1 on the diagonal for the others.
pub(super) fn normal_matrix(model: ScalingModel, points: &[RatePoint], free: [bool; 3]) -> Matrix {
    let mut sums = [[0.0; 3]; 3];
    for &(n, _) in points {
        let slopes = mask_fixed(model.gradient(n), free);
        for (row, one) in sums.iter_mut().zip(slopes) {
            for (sum, other) in row.iter_mut().zip(slopes) {
                *sum += one * other;
            }
        }
    }
    sums
}

/// Replaces the values of fixed parameters by 0.
pub(super) fn mask_fixed(values: [f64; 3], free: [bool; 3]) -> [f64; 3] {
    let mut masked = values;
    for (value, free) in masked.iter_mut().zip(free) {
        *value = if free { *value } else { 0.0 };
    }
    masked
}

/// The scalar product.
pub(super) fn dot_product([x, y, z]: [f64; 3], [other_x, other_y, other_z]: [f64; 3]) -> f64 {
    x * other_x + y * other_y + z * other_z
}

/// The derivatives of the knee with respect to the parameters.
fn knee_slopes(model: ScalingModel, free: [bool; 3]) -> [f64; 3] {
    let mut values = [0.0; 3];
    for (slot, (_, value)) in values.iter_mut().zip(model.parameters()) {
        *slot = value;
    }
    let [x, y, z] = values;
    let slope = |value: f64, with: &dyn Fn(f64) -> [f64; 3]| {
        let step = value.abs() * 1e-6;
        let knee = |value| model.with_parameters(with(value)).knee();
        match (knee(value - step), knee(value + step)) {
            (Some(below), Some(above)) if step > 0.0 => (above - below) / (2.0 * step),
            _ => 0.0,
        }
    };
    let slopes = [slope(x, &|x| [x, y, z]), slope(y, &|y| [x, y, z]), slope(z, &|z| [x, y, z])];
    mask_fixed(slopes, free)
}

/// Inverts a matrix by cofactors after scaling its diagonal to 1. A row of zeros counts as a row of
/// the unit matrix. Returns `None` if the matrix is singular.
pub(super) fn invert_matrix(matrix: Matrix) -> Option<Matrix> {
    let [[xx, xy, xz], [_, yy, yz], [_, _, zz]] = matrix;
    let scale = |diagonal: f64| if diagonal > 0.0 { diagonal.sqrt() } else { 1.0 };
    let [sx, sy, sz] = [scale(xx), scale(yy), scale(zz)];
    let (p, q, r) = (xy / sx / sy, xz / sx / sz, yz / sy / sz);
    let determinant = 1.0 + 2.0 * p * q * r - p * p - q * q - r * r;
    if !determinant.is_finite() || determinant <= f64::EPSILON {
        return None;
    }
    let over = |cofactor: f64, one: f64, other: f64| cofactor / determinant / one / other;
    let (xx, yy, zz) =
        (over(1.0 - r * r, sx, sx), over(1.0 - q * q, sy, sy), over(1.0 - p * p, sz, sz));
    let (xy, xz, yz) = (over(q * r - p, sx, sy), over(p * r - q, sx, sz), over(p * q - r, sy, sz));
    Some([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
}

/// The 97.5 % quantile of Student's t distribution: from a table, then by the Cornish-Fisher
/// expansion of the normal quantile (Abramowitz and Stegun 26.7.5), which is correct to four digits
/// there.
pub(super) fn t_quantile(freedom: usize) -> f64 {
    const TABLE: [f64; 10] =
        [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281];
    const Z: f64 = 1.959_964;
    let entry = freedom.checked_sub(1).and_then(|index| TABLE.get(index));
    entry.copied().unwrap_or_else(|| {
        let v = freedom.max(1) as f64;
        let first = (Z.powi(3) + Z) / 4.0;
        let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
        let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0;
        Z + first / v + second / v.powi(2) + third / v.powi(3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_match_published_tables() {
        for (freedom, t) in
            [(1, 12.7062), (3, 3.1824), (10, 2.2281), (11, 2.2010), (30, 2.0423), (1_000, 1.9623)]
        {
            assert!((t_quantile(freedom) - t).abs() < 2e-4, "{freedom}: {}", t_quantile(freedom));
        }
    }

    #[test]
    fn inverse_times_matrix_is_the_identity() {
        let matrix = [[4.0, 2.0, 1.0], [2.0, 9.0, 3.0], [1.0, 3.0, 16.0]];
        let inverse = invert_matrix(matrix).unwrap();
        for (i, row) in matrix.iter().enumerate() {
            for (j, _) in row.iter().enumerate() {
                let sum: f64 = (0..3).map(|k| row[k] * inverse[k][j]).sum();
                assert!((sum - f64::from(u8::from(i == j))).abs() < 1e-12, "{i} {j}: {sum}");
            }
        }
        let singular = [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
        assert_eq!(super::invert_matrix(singular), None);
    }
}
