//! The scaling laws of throughput: least-squares fits, and their comparison.

mod confidence;
mod fitting;

/// The minimum number of distinct abscissas. Fewer say nothing about the shape of a law.
pub const MIN_ABSCISSAS: usize = 3;

/// The minimum number of rates for a comparison of laws by `AICc`, which is then defined for all of
/// them. With fewer rates, or fewer distinct abscissas, the best law is a guess.
pub const MIN_RATES_FOR_AICC: usize = 6;

/// The relative sum of squared residuals below which a fit counts as exact. No measurement is more
/// precise, and a "perfect" fit would win by any margin.
const EXACT_FIT_SHARE: f64 = 1e-9;

/// The minimum gain that justifies twice the workers.
const MIN_DOUBLING_GAIN: f64 = 1.1;

/// A measured rate: the number of workers (or of busy workers), and tasks per second.
pub type RatePoint = (f64, f64);

/// X(n), the throughput of `n` workers in tasks per second. `gain` is the rate of one worker, g.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalingModel {
    /// g n: each worker adds as much as the first.
    Linear {
        /// g.
        gain: f64,
    },
    /// min(g n, C): a shared resource has a limited capacity, such as a service with a cap. For g =
    /// 1 / R this is Little's law, with the knee at C R workers.
    Plateau {
        /// g.
        gain: f64,
        /// C, in tasks a second.
        capacity: f64,
    },
    /// g n / (1 + a (n - 1)): a fraction of each task is serial (Amdahl 1967).
    Amdahl {
        /// g.
        gain: f64,
        /// a, the serial fraction, 0 to 1.
        contention: f64,
    },
    /// g n / (1 + a (n - 1) + b n (n - 1)): each pair of workers adds a cost as well (Gunther's
    /// Universal Scalability Law, <https://arxiv.org/abs/0808.1431>).
    Usl {
        /// g.
        gain: f64,
        /// a, the serial fraction, 0 to 1.
        contention: f64,
        /// b, the cost of each pair of workers.
        coherency: f64,
    },
}

impl ScalingModel {
    /// The name of the law.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Plateau { .. } => "plateau",
            Self::Amdahl { .. } => "Amdahl",
            Self::Usl { .. } => "USL",
        }
    }

    /// X(n), in tasks per second.
    pub fn rate(self, n: f64) -> f64 {
        match self {
            Self::Linear { gain } => gain * n,
            Self::Plateau { gain, capacity } => (gain * n).min(capacity),
            Self::Amdahl { gain, contention: a } => gain * n / denominator(n, a, 0.0),
            Self::Usl { gain, contention: a, coherency: b } => gain * n / denominator(n, a, b),
        }
    }

    /// The number of workers beyond which more of them add little: the start of a plateau, or else
    /// the point at which twice the workers are less than 10 % faster. `None` if there is no such
    /// point.
    pub fn knee(self) -> Option<f64> {
        let knee = match self {
            Self::Linear { .. } => return None,
            Self::Plateau { gain, capacity } => capacity / gain,
            Self::Amdahl { contention, .. } => doubling_limit(contention, 0.0),
            Self::Usl { contention, coherency, .. } => doubling_limit(contention, coherency),
        };
        knee.is_finite().then(|| knee.max(1.0))
    }

    /// The number of workers with the maximum rate, if more are slower: sqrt((1 - a) / b).
    pub fn peak(self) -> Option<f64> {
        let Self::Usl { contention, coherency, .. } = self else { return None };
        let peak = ((1.0 - contention) / coherency).sqrt();
        peak.is_finite().then(|| peak.max(1.0))
    }

    /// The upper bound of the rate for any number of workers: C, or g / a in the absence of other
    /// costs.
    pub fn limit(self) -> Option<f64> {
        let limit = match self {
            Self::Linear { .. } => return None,
            Self::Plateau { capacity, .. } => capacity,
            Self::Amdahl { gain, contention } | Self::Usl { gain, contention, .. } => {
                gain / contention
            }
        };
        limit.is_finite().then_some(limit)
    }

    /// Returns the parameters with their values.
    pub fn parameters(self) -> Vec<(Parameter, f64)> {
        match self {
            Self::Linear { gain } => vec![(Parameter::Gain, gain)],
            Self::Plateau { gain, capacity } => {
                vec![(Parameter::Gain, gain), (Parameter::Capacity, capacity)]
            }
            Self::Amdahl { gain, contention } => {
                vec![(Parameter::Gain, gain), (Parameter::Contention, contention)]
            }
            Self::Usl { gain, contention, coherency } => vec![
                (Parameter::Gain, gain),
                (Parameter::Contention, contention),
                (Parameter::Coherency, coherency),
            ],
        }
    }

    /// Returns the same law with other values, in the order of [`Self::parameters`].
    const fn with_parameters(self, [gain, second, third]: [f64; 3]) -> Self {
        match self {
            Self::Linear { .. } => Self::Linear { gain },
            Self::Plateau { .. } => Self::Plateau { gain, capacity: second },
            Self::Amdahl { .. } => Self::Amdahl { gain, contention: second },
            Self::Usl { .. } => Self::Usl { gain, contention: second, coherency: third },
        }
    }

    /// The derivatives of X(n) with respect to the parameters, in their order; 0 for missing ones.
    fn gradient(self, n: f64) -> [f64; 3] {
        let of = |gain: f64, a: f64, b: f64| {
            let below = denominator(n, a, b);
            let share = n / below;
            let by_contention = -gain * share * (n - 1.0) / below;
            [share, by_contention, n * by_contention]
        };
        match self {
            Self::Linear { .. } => [n, 0.0, 0.0],
            Self::Plateau { gain, capacity } if gain * n <= capacity => [n, 0.0, 0.0],
            Self::Plateau { .. } => [0.0, 1.0, 0.0],
            Self::Amdahl { gain, contention } => {
                let [by_gain, by_contention, _] = of(gain, contention, 0.0);
                [by_gain, by_contention, 0.0]
            }
            Self::Usl { gain, contention, coherency } => of(gain, contention, coherency),
        }
    }
}

/// 1 + a (n - 1) + b n (n - 1).
fn denominator(n: f64, a: f64, b: f64) -> f64 {
    1.0 + (a + b * n) * (n - 1.0)
}

/// The number of workers at which X(2 n) / X(n) falls to [`MIN_DOUBLING_GAIN`]: the positive root of 2.4
/// b n^2 + 0.2 (a - b) n - 0.9 (1 - a) = 0, or infinity if there is none.
fn doubling_limit(a: f64, b: f64) -> f64 {
    let w = MIN_DOUBLING_GAIN;
    let square = (4.0 * w - 2.0) * b;
    let line = 2.0 * (w - 1.0) * (a - b);
    let constant = (w - 2.0) * (1.0 - a);
    let root = (line * line - 4.0 * square * constant).max(0.0).sqrt();
    // This form of the root avoids a division by b, which may be 0.
    -2.0 * constant / (line + root)
}

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
    let [amdahl, usl] = fitting::fit_usl(&points);
    let models = [fitting::fit_linear(&points), fitting::fit_plateau(&points), amdahl, usl];
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
