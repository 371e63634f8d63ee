//! The playback speed.

use std::fmt;

/// The minimum speed, as a multiple of real time. Anything slower appears to stand still.
pub const MIN_SPEED: f64 = 0.00001;

/// The maximum speed, as a multiple of real time.
pub const MAX_SPEED: f64 = 1000.0;

/// The default factor by which a simulation is slower than real time. A switch interval of 5 ms
/// takes 100 ms, or two frames.
pub const DEFAULT_SLOWDOWN: u32 = 20;

/// The maximum slowdown, which leads to [`MIN_SPEED`].
pub const MAX_SLOWDOWN: u32 = 100_000;

/// The playback speed, as a multiple of real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaybackSpeed(f64);

impl PlaybackSpeed {
    /// Creates a speed from [`MIN_SPEED`] to [`MAX_SPEED`], or returns `None` for any other number.
    pub fn new(times: f64) -> Option<Self> {
        (MIN_SPEED..=MAX_SPEED).contains(&times).then_some(Self(times))
    }

    /// Creates the speed that is `slowdown` times slower than real time.
    pub fn from_slowdown(slowdown: u32) -> Self {
        Self(1.0 / f64::from(slowdown.clamp(1, MAX_SLOWDOWN)))
    }

    /// The next faster or slower of 0.00001, 0.00002, 0.00005 and so on, or this speed at the
    /// limits.
    pub(super) fn next_step(self, faster: bool) -> Self {
        // Quotients, unlike products with 0.1, are the floating-point numbers closest to the steps.
        let steps = (-5..=3).flat_map(|power: i32| {
            [1.0, 2.0, 5.0]
                .map(|step| if power < 0 { step / ten_to(-power) } else { step * ten_to(power) })
        });
        let mut steps = steps.filter(|step| (MIN_SPEED..=MAX_SPEED).contains(step));
        let next = if faster {
            steps.find(|&step| step > self.0)
        } else {
            steps.take_while(|&step| step < self.0).last()
        };
        next.map_or(self, Self)
    }

    /// The recorded time that passes in this stretch of the viewer's time, in nanoseconds.
    pub(super) fn scale(self, nanoseconds: u64) -> u64 {
        (nanoseconds as f64 * self.0) as u64
    }
}

fn ten_to(power: i32) -> f64 {
    10_f64.powi(power)
}

impl Default for PlaybackSpeed {
    fn default() -> Self {
        Self(1.0)
    }
}

/// Formats the speed with up to three digits, as `2x` or `0.0333x`.
impl fmt::Display for PlaybackSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = format!("{:.2e}", self.0).parse().unwrap_or(self.0);
        write!(f, "{rounded}x")
    }
}
