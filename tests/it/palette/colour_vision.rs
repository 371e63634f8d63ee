//! Colours as they are seen: kinds of colour vision, and the CIEDE2000 difference of two colours.

/// Linear RGB, 0 to 1 each.
pub(super) type Rgb = [f64; 3];

/// L*, a*, b*.
pub(super) type CieLab = [f64; 3];

/// A kind of colour vision, as a matrix on linear RGB.
pub(super) type Vision = [[f64; 3]; 3];

pub(super) const NORMAL: Vision = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Machado et al., severity 1.0.
pub(super) const PROTAN: Vision = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
pub(super) const DEUTAN: Vision = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
pub(super) const TRITAN: Vision = [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_900],
];

/// Relative luminance (sRGB) on every channel.
pub(super) const GREY: Vision = [[0.2126, 0.7152, 0.0722]; 3];

pub(super) fn simulate(vision: &Vision, colour: Rgb) -> Rgb {
    vision.map(|row| {
        row.iter().zip(colour).map(|(weight, part)| weight * part).sum::<f64>().clamp(0.0, 1.0)
    })
}

/// Decodes an sRGB component to a linear one.
pub(super) fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// Converts linear sRGB to CIELAB under D65.
pub(super) fn lab(rgb: Rgb) -> CieLab {
    let xyz = xyz(rgb);
    let f =
        |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = xyz.map(f);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Converts linear sRGB to XYZ, relative to the D65 white point.
pub(super) fn xyz([r, g, b]: Rgb) -> [f64; 3] {
    [
        (0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47,
        0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b,
        (0.019_333_9 * r + 0.119_192_0 * g + 0.950_304_1 * b) / 1.088_83,
    ]
}

/// The CIEDE2000 difference with all weights 1.
pub(super) fn ciede2000(one: CieLab, two: CieLab) -> f64 {
    let chroma = |[_, a, b]: CieLab| a.hypot(b);
    let mean_chroma7 = f64::midpoint(chroma(one), chroma(two)).powi(7);
    let stretch = 0.5 * (1.0 - (mean_chroma7 / (mean_chroma7 + 25_f64.powi(7))).sqrt());
    let primed = |[l, a, b]: CieLab| {
        let a = a * (1.0 + stretch);
        let hue =
            if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
        (l, a.hypot(b), hue)
    };
    let ((l1, c1, h1), (l2, c2, h2)) = (primed(one), primed(two));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => f64::midpoint(sum, 360.0),
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.20 * cos(4.0 * h - 63.0);
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let c7 = c.powi(7);
    let rc = 2.0 * (c7 / (c7 + 25_f64.powi(7))).sqrt();
    let rt = -rc * (60.0 * (-((h - 275.0) / 25.0).powi(2)).exp()).to_radians().sin();
    let (dl, dc, dh) = (dl / sl, dc / sc, dh / sh);
    (dl * dl + dc * dc + dh * dh + rt * dc * dh).sqrt()
}
