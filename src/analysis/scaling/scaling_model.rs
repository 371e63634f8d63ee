//! The scaling laws of throughput.

use super::Parameter;

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

/// The minimum gain that justifies twice the workers.
const MIN_DOUBLING_GAIN: f64 = 1.1;

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
    pub(super) const fn with_parameters(self, [gain, second, third]: [f64; 3]) -> Self {
        match self {
            Self::Linear { .. } => Self::Linear { gain },
            Self::Plateau { .. } => Self::Plateau { gain, capacity: second },
            Self::Amdahl { .. } => Self::Amdahl { gain, contention: second },
            Self::Usl { .. } => Self::Usl { gain, contention: second, coherency: third },
        }
    }

    /// The derivatives of X(n) with respect to the parameters, in their order; 0 for missing ones.
    pub(super) fn gradient(self, n: f64) -> [f64; 3] {
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
pub(super) fn denominator(n: f64, a: f64, b: f64) -> f64 {
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
