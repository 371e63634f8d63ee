//! The colours of states and of their surroundings as 24-bit 0xRRGGBB, shared by the screen and the
//! exported pictures.

use super::state::{ColorRole, State};

/// The number of colours for lanes that hold the GIL.
pub const HOLDER_COLORS: usize = 4;

/// The background of a terminal or of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
}

impl Background {
    const fn pick(self, dark: u32, light: u32) -> u32 {
        match self {
            Self::Dark => dark,
            Self::Light => light,
        }
    }

    /// The colour of a state. Idle has none and shows the background.
    pub const fn state_color(self, state: State) -> u32 {
        match state.color_role() {
            ColorRole::Blank => 0,
            ColorRole::CoreWait => self.pick(0x00ac_7200, 0x00c0_8a30),
            ColorRole::Start | ColorRole::Rest | ColorRole::Block => self.sequential(),
            ColorRole::Transfer => self.pick(0x008e_9597, 0x0044_4140),
            ColorRole::Request => self.pick(0x0043_69b3, 0x0008_4ec4),
            ColorRole::Response => self.pick(0x00a1_dcee, 0x0013_86af),
            ColorRole::Compute => self.pick(0x00eb_a118, 0x0096_5e0b),
            ColorRole::Lock => self.pick(0x00b7_7cdb, 0x007b_0d62),
            ColorRole::Throttle => self.pick(0x00f3_f9ab, 0x0097_9343),
            ColorRole::Gap | ColorRole::Halt => self.muted(),
            ColorRole::Failure => self.pick(0x00d8_5439, 0x005e_0009),
        }
    }

    /// Returns `true` if text on the colour of a state must be light.
    pub const fn is_light_text_on(self, state: State) -> bool {
        match self {
            Self::Dark => matches!(state.color_role(), ColorRole::Request),
            Self::Light => !matches!(
                state.color_role(),
                ColorRole::Response | ColorRole::Throttle | ColorRole::CoreWait
            ),
        }
    }

    /// The second tone of native CPU work, next to the colour of computing.
    pub const fn native_shade(self) -> u32 {
        self.pick(0x00d0_8c18, 0x00c9_8d3c)
    }

    /// The colours of the lanes that hold the GIL, all distinct from the colours of states.
    pub const fn holder_colors(self) -> [u32; HOLDER_COLORS] {
        match self {
            Self::Dark => [0x006d_ad2b, 0x00eb_1d83, 0x00f4_b3d1, 0x006f_6d0a],
            Self::Light => [0x004b_8a49, 0x00b3_0dce, 0x00a8_85a5, 0x005a_5800],
        }
    }

    /// The colour of secondary text: captions, units.
    pub const fn muted(self) -> u32 {
        self.pick(0x009a_a0aa, 0x0058_5e68)
    }

    /// The colour of box borders and of the axis.
    pub const fn line(self) -> u32 {
        self.pick(0x0056_5c66, 0x00b0_b5bd)
    }

    /// The colour of the lines at the ticks of the axis: fainter than everything else.
    pub const fn gridline(self) -> u32 {
        self.pick(0x0038_3d45, 0x00dd_e1e6)
    }

    /// The colour of the sequential run's bar, the baseline of the others.
    pub const fn sequential(self) -> u32 {
        self.pick(0x0084_8c99, 0x008a_919c)
    }

    /// The background colour of a picture. A terminal has its own.
    pub const fn canvas(self) -> u32 {
        self.pick(0x001b_1e24, 0x00ff_ffff)
    }

    /// The colour of a picture's main text.
    pub const fn text(self) -> u32 {
        self.pick(0x00e4_e7ec, 0x001c_2026)
    }
}
