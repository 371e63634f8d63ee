//! The scaling laws of throughput: least-squares fits, and their comparison.

mod confidence;
mod plateau;
mod scaling_model;
mod usl;

pub use scaling_model::ScalingModel;

/// The minimum number of distinct abscissas. Fewer say nothing about the shape of a law.
pub const MIN_ABSCISSAS: usize = 3;

/// The minimum number of rates for a comparison of laws by `AICc`, which is then defined for all of
/// them. With fewer rates, or fewer distinct abscissas, the best law is a guess.
pub const MIN_RATES_FOR_AICC: usize = 6;

/// The relative sum of squared residuals below which a fit counts as exact. No measurement is more
/// precise, and a "perfect" fit would win by any margin.
const EXACT_FIT_SHARE: f64 = 1e-9;

/// A measured rate: the number of workers (or of busy workers), and tasks per second.
pub type RatePoint = (f64, f64);

/// A parameter of a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// g: the rate of one worker, in tasks per second.
    Gain,
    /// C: the maximum rate of all workers together, in tasks per second.
    Capacity,
    /// a: the fraction of a task that only one worker at a time can do.
    Contention,
    /// b: the cost of each pair of workers.
    Coherency,
}

impl Parameter {
    /// The symbol in formulas.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Gain => "g",
            Self::Capacity => "C",
            Self::Contention => "a",
            Self::Coherency => "b",
        }
    }

    /// The name of the parameter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Capacity => "capacity",
            Self::Contention => "contention",
            Self::Coherency => "coherency",
        }
    }
}

/// A 95 % confidence interval, if the law holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceInterval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// A fitted value with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The fitted value.
    pub value: f64,
    /// The confidence interval, or `None` if the value is at its bound or if there are no degrees
    /// of freedom left.
    pub interval: Option<ConfidenceInterval>,
}

/// A law fitted to measured rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The law with the fitted parameters.
    pub model: ScalingModel,
    /// The estimates, in the order of [`ScalingModel::parameters`].
    pub parameters: Vec<(Parameter, Estimate)>,
    /// [`ScalingModel::knee`].
    pub knee: Option<Estimate>,
    /// The residual sum of squares.
    pub rss: f64,
    /// The coefficient of determination, or `None` if the rates have no variance.
    pub r2: Option<f64>,
    /// Akaike's information criterion with the correction for small samples; less is better. `None`
    /// for fewer than [`MIN_RATES_FOR_AICC`] rates.
    pub aicc: Option<f64>,
    /// The number of fitted rates.
    pub points: usize,
}

impl Fit {
    /// X(n), in tasks per second.
    pub fn rate(&self, n: f64) -> f64 {
        self.model.rate(n)
    }

    /// [`ScalingModel::name`].
    pub const fn name(&self) -> &'static str {
        self.model.name()
    }

    /// [`ScalingModel::peak`].
    pub fn peak(&self) -> Option<f64> {
        self.model.peak()
    }

    fn new(model: ScalingModel, points: &[RatePoint]) -> Option<Self> {
        let count = points.len() as f64;
        let mean = points.iter().map(|(_, rate)| rate).sum::<f64>() / count;
        let variance: f64 = points.iter().map(|(_, rate)| (rate - mean).powi(2)).sum();
        let (rss, floor) = (rss(model, points), rss_floor(points.iter().map(|&(_, rate)| rate)));
        let (parameters, knee) = confidence::estimate_parameters(model, points, rss);
        // The variance of the residuals is one more parameter.
        let k = parameters.len() as f64 + 1.0;
        let aicc = count * (rss.max(floor) / count).ln()
            + 2.0 * k
            + 2.0 * k * (k + 1.0) / (count - k - 1.0);
        let fit = Self {
            model,
            parameters,
            knee,
            rss,
            r2: (variance > floor).then(|| 1.0 - rss / variance),
            aicc: (points.len() >= MIN_RATES_FOR_AICC).then_some(aicc),
            points: points.len(),
        };
        let values = fit.parameters.iter().map(|(_, estimate)| estimate.value);
        let all = values.chain(fit.aicc).chain([fit.rss]);
        all.into_iter().all(f64::is_finite).then_some(fit)
    }

    /// The criterion for comparing fits to the same rates; less is better. `AICc`, or else the
    /// residual variance with the remaining degrees of freedom.
    fn score(&self, floor: f64) -> f64 {
        let left = self.points.saturating_sub(self.parameters.len()).max(1);
        self.aicc.unwrap_or_else(|| self.rss.max(floor) / left as f64)
    }

    /// Returns `true` if this is a better fit than another one to the same rates, possibly at other
    /// abscissas.
    pub(super) fn beats(&self, other: &Self, rates: impl Iterator<Item = f64>) -> bool {
        let floor = rss_floor(rates);
        self.score(floor) < other.score(floor)
    }
}

/// Fits all laws to the rates by least squares and returns them, best first. In a tie, the simpler
/// law comes first. Empty for fewer than [`MIN_ABSCISSAS`] distinct abscissas; laws with as many
/// parameters as abscissas are omitted. Rates and abscissas that are not positive are ignored.
pub fn fit_models(points: &[RatePoint]) -> Vec<Fit> {
    let sound = |value: f64| value.is_finite() && value > 0.0;
    let mut points: Vec<RatePoint> = points.to_vec();
    points.retain(|&(n, rate)| sound(n) && sound(rate));
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut abscissas: Vec<f64> = points.iter().map(|&(n, _)| n).collect();
    abscissas.dedup();
    if abscissas.len() < MIN_ABSCISSAS {
        return Vec::new();
    }
    let [amdahl, usl] = usl::fit_usl(&points);
    let models = [fit_linear(&points), plateau::fit_plateau(&points), amdahl, usl];
    let identifiable =
        models.into_iter().filter(|model| model.parameters().len() < abscissas.len());
    let mut fits: Vec<Fit> = identifiable.filter_map(|model| Fit::new(model, &points)).collect();
    let floor = rss_floor(points.iter().map(|&(_, rate)| rate));
    fits.sort_by(|one, other| one.score(floor).total_cmp(&other.score(floor)));
    fits
}

/// The residual sum of squares.
fn rss(model: ScalingModel, points: &[RatePoint]) -> f64 {
    points.iter().map(|&(n, rate)| (rate - model.rate(n)).powi(2)).sum()
}

/// The sum of squared residuals below which fits count as equally good.
fn rss_floor(rates: impl Iterator<Item = f64>) -> f64 {
    EXACT_FIT_SHARE * rates.map(|rate| rate * rate).sum::<f64>()
}

fn fit_linear(points: &[RatePoint]) -> ScalingModel {
    ScalingModel::Linear { gain: slope(points.iter().copied()) }
}

/// The slope of the least-squares line through the origin.
fn slope(points: impl Iterator<Item = RatePoint>) -> f64 {
    let (products, squares) = points
        .fold((0.0, 0.0), |(products, squares), (n, rate)| (products + n * rate, squares + n * n));
    products / squares
}
