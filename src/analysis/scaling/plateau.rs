//! The exact least-squares fit of a plateau: min(g n, C) is a line and a constant, so the best knee
//! between two neighbouring abscissas has a closed form.

use super::{RatePoint, ScalingModel, rss, slope};

/// Tries a knee at each abscissa, and the best one between it and the next. Expects points in the
/// order of their abscissas.
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
