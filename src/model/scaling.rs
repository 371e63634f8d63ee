//! Which law throughput follows as workers are added: fits by least squares, compared.

mod interval;
mod law;
mod plateau;
mod usl;

pub use law::Law;

/// So many different abscissas at least; with fewer, nothing is known of a law's shape.
pub const FEWEST: usize = 3;

/// From so many rates on laws are compared by `AICc`, which all of them then have. With fewer, or if
/// fewer of their abscissas differ, the best one is a guess.
pub const ENOUGH: usize = 6;

/// Deviations whose squares are this part of the squares of all rates are not told from 0: no
/// measurement is so exact, and what fits "perfectly" would win by any margin.
const EXACT: f64 = 1e-9;

/// A measured rate: how many workers (or tasks at work), tasks a second.
pub type Measured = (f64, f64);

/// What a law is fitted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// g: what one worker does, in tasks a second.
    Gain,
    /// C: what all of them do at most, in tasks a second.
    Capacity,
    /// a: the part of a task that is done by one worker at a time.
    Contention,
    /// b: what each pair of workers costs.
    Coherency,
}

impl Parameter {
    /// As the formulas have it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Gain => "g",
            Self::Capacity => "C",
            Self::Contention => "a",
            Self::Coherency => "b",
        }
    }

    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Capacity => "capacity",
            Self::Contention => "contention",
            Self::Coherency => "coherency",
        }
    }
}

/// Where a value is in 95 of 100 cases, as far as the law holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// From here.
    pub low: f64,
    /// To here.
    pub high: f64,
}

/// A value, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// As fitted.
    pub value: f64,
    /// Nothing where it is at its bound, or if there is no measurement to spare.
    pub interval: Option<Interval>,
}

/// A law fitted to measured rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// With its parameters.
    pub law: Law,
    /// Each of them, in the order of [`Law::parameters`].
    pub parameters: Vec<(Parameter, Estimate)>,
    /// [`Law::knee`].
    pub knee: Option<Estimate>,
    /// The squares of the deviations, added up.
    pub rss: f64,
    /// The share of the variance that the law accounts for; nothing if there is no variance.
    pub r2: Option<f64>,
    /// Akaike's information criterion, corrected for few measurements: less is better. Nothing below
    /// [`ENOUGH`] of them.
    pub aicc: Option<f64>,
    /// How many rates it was fitted to.
    pub points: usize,
}

impl Fit {
    /// X(n), in tasks a second.
    pub fn rate(&self, n: f64) -> f64 {
        self.law.rate(n)
    }

    /// [`Law::name`].
    pub const fn name(&self) -> &'static str {
        self.law.name()
    }

    /// [`Law::peak`].
    pub fn peak(&self) -> Option<f64> {
        self.law.peak()
    }

    fn new(law: Law, points: &[Measured]) -> Option<Self> {
        let count = points.len() as f64;
        let mean = points.iter().map(|(_, rate)| rate).sum::<f64>() / count;
        let variance: f64 = points.iter().map(|(_, rate)| (rate - mean).powi(2)).sum();
        let (rss, floor) = (rss(law, points), floor(points.iter().map(|&(_, rate)| rate)));
        let (parameters, knee) = interval::estimates(law, points, rss);
        // The variance of the deviations is one more parameter.
        let k = parameters.len() as f64 + 1.0;
        let aicc = count * (rss.max(floor) / count).ln()
            + 2.0 * k
            + 2.0 * k * (k + 1.0) / (count - k - 1.0);
        let fit = Self {
            law,
            parameters,
            knee,
            rss,
            r2: (variance > floor).then(|| 1.0 - rss / variance),
            aicc: (points.len() >= ENOUGH).then_some(aicc),
            points: points.len(),
        };
        let values = fit.parameters.iter().map(|(_, estimate)| estimate.value);
        let all = values.chain(fit.aicc).chain([fit.rss]);
        all.into_iter().all(f64::is_finite).then_some(fit)
    }

    /// What fits to the same rates are compared by, less is better: `AICc`; without it, the variance of
    /// the deviations, by the rates that are left over to tell it.
    fn score(&self, floor: f64) -> f64 {
        let left = self.points.saturating_sub(self.parameters.len()).max(1);
        self.aicc.unwrap_or_else(|| self.rss.max(floor) / left as f64)
    }

    /// Whether it is clearly better than another fit to the same rates, perhaps at other abscissas.
    pub(super) fn beats(&self, other: &Self, rates: impl Iterator<Item = f64>) -> bool {
        let floor = floor(rates);
        self.score(floor) < other.score(floor)
    }
}

/// Fits every law to the rates, by least squares, the best first. Of equally good ones the simpler
/// comes first. Nothing below [`FEWEST`] different abscissas; the richest law only above that. Rates
/// and abscissas that are not above 0 are left out.
pub fn fit(points: &[Measured]) -> Vec<Fit> {
    let sound = |value: f64| value.is_finite() && value > 0.0;
    let mut points: Vec<Measured> = points.to_vec();
    points.retain(|&(n, rate)| sound(n) && sound(rate));
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut places: Vec<f64> = points.iter().map(|&(n, _)| n).collect();
    places.dedup();
    if places.len() < FEWEST {
        return Vec::new();
    }
    let [amdahl, usl] = usl::fit(&points);
    let laws = [linear(&points), plateau::fit(&points), amdahl, usl];
    let told = laws.into_iter().filter(|law| law.parameters().len() < places.len());
    let mut fits: Vec<Fit> = told.filter_map(|law| Fit::new(law, &points)).collect();
    let floor = floor(points.iter().map(|&(_, rate)| rate));
    fits.sort_by(|one, other| one.score(floor).total_cmp(&other.score(floor)));
    fits
}

/// The squares of the deviations, added up.
fn rss(law: Law, points: &[Measured]) -> f64 {
    points.iter().map(|&(n, rate)| (rate - law.rate(n)).powi(2)).sum()
}

/// Sums of squared deviations below this are all the same.
fn floor(rates: impl Iterator<Item = f64>) -> f64 {
    EXACT * rates.map(|rate| rate * rate).sum::<f64>()
}

fn linear(points: &[Measured]) -> Law {
    Law::Linear { gain: slope(points.iter().copied()) }
}

/// The line through the origin with the least squares.
fn slope(points: impl Iterator<Item = Measured>) -> f64 {
    let (products, squares) = points
        .fold((0.0, 0.0), |(products, squares), (n, rate)| (products + n * rate, squares + n * n));
    products / squares
}

#[cfg(test)]
mod tests;
