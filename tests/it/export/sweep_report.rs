//! The plain and the JSON report of a sweep.

use serde_json::{Value, json};
use threadline::analysis::Sweep;
use threadline::model::{Mode, Workload};
use threadline::report::json::JsonReport;
use threadline::report::plain;

use crate::fabricated_runs::{sweep, sweep_plan};

fn report(sweep: &Sweep, workload: Workload) -> String {
    let mut out = Vec::new();
    plain::sweep::write(&mut out, sweep, &sweep_plan(workload)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn report_of_a_complete_sweep() {
    assert_eq!(
        report(&sweep(&[1, 2, 4, 8, 16, 32]), Workload::Followers),
        "\
threads  trials   median      min      max  pages/s  speed-up  efficiency
1             3  3.000 s  2.940 s  3.000 s     20.0     1.00x       100 %
2             3  1.500 s  1.470 s  1.500 s     40.0     2.00x       100 %
4             3   750 ms   735 ms   750 ms     80.0     4.00x       100 %
8             3   400 ms   392 ms   400 ms      150     7.50x        94 %
16            3   400 ms   392 ms   400 ms      150     7.50x        47 %
32            3   400 ms   392 ms   400 ms      150     7.50x        23 %

law             R2     AICc  parameters [95 % interval]
plateau     1.0000    -49.7  g 20.0 pages/s [20.0 to 20.0], C 150 pages/s [150 to 150]
Amdahl      0.8971     52.4  g 32.9 pages/s [9.24 to 56.5], a 0.171 [-0.00981 to 0.351]
linear     -0.0439     56.3  g 6.90 pages/s [2.37 to 11.4]
USL         0.9612     76.5  g 24.8 pages/s [7.07 to 42.5], a 0.0383 [-0.135 to 0.211], b 0.00349 \
[-6.12e-4 to 0.00760], peak at 16.6

best law     plateau (lowest AICc), fitted to the rates against pages / waves
knee         8 threads; more than that add little
advice       octocat @ api.example, 60 pages. 8 threads: 7.50x. 16 add nothing for twice the \
connections. Throughput levels off at 150 pages/s from 8 threads on. 60 pages in 8 waves of 8 leave 4 \
lanes idle in the last wave. Measured with 1, 2, 4, 8, 16 and 32 threads, 3 trials each, which differ by \
up to 2 %.
"
    );
}

#[test]
fn sweep_without_a_single_worker_trial_has_no_speed_up() {
    let report = report(&sweep(&[2, 4, 8, 16]), Workload::Cpu);
    assert!(
        report.contains(
            "\n8             3   400 ms   392 ms   400 ms      150         -           -\n"
        ),
        "{report}"
    );
    assert!(!report.contains("best law     "), "a guess has no best law: {report}");
}

#[test]
fn two_counts_have_no_laws_and_no_trials_have_no_report() {
    assert_eq!(
        report(&sweep(&[2, 8]), Workload::Cpu),
        "\
threads  trials   median      min      max  tasks/s  speed-up  efficiency
2             3  1.500 s  1.470 s  1.500 s     40.0         -           -
8             3   400 ms   392 ms   400 ms      150         -           -

advice       cpu, 60 tasks. 8 threads: 3.75x as fast as 2. Still growing at 8: try 15. 2 thread counts are \
too few to fit a model; treat this as a guess. Measured with 2 and 8 threads, 3 trials each, which differ by \
up to 2 %.
"
    );
    assert_eq!(report(&sweep(&[]), Workload::Cpu), "");
}

fn document(counts: &[u16]) -> Value {
    let report = JsonReport::from_runs(None, &[], None);
    let report = report.with_sweep(&sweep(counts), Workload::Followers, Mode::Threads);
    let mut out = Vec::new();
    report.write(&mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn document_of_a_complete_sweep() {
    let report = document(&[1, 2, 4, 8, 16, 32]);
    let sweep = &report["sweep"];
    assert_eq!(sweep["counts"], json!([1, 2, 4, 8, 16, 32]));
    assert_eq!((&sweep["repeats"], &sweep["tasks"]), (&json!(3), &json!(60)));
    assert_eq!(sweep["trials"].as_array().unwrap().len(), 18);
    let trial = json!({ "workers": 1, "elapsed_s": 3.0, "tasks": 60, "held_back": false });
    assert_eq!(sweep["trials"][0], trial);
    let point = json!({
        "workers": 1, "trials": 3, "held_back": 0, "median_s": 3.0, "min_s": 2.94, "max_s": 3.0,
        "p50_s": null, "p95_s": null, "p99_s": null,
        "tasks_per_second": 20.0, "speed_up": 1.0, "efficiency": 1.0, "karp_flatt": null,
        "failures": {},
    });
    assert_eq!(sweep["points"][0], point);
    let eight = &sweep["points"][3];
    assert_eq!((&eight["speed_up"], &eight["efficiency"]), (&json!(7.5), &json!(0.9375)));
    let serial = eight["karp_flatt"].as_f64().unwrap();
    assert!((serial - (1.0 / 7.5 - 1.0 / 8.0) / (7.0 / 8.0)).abs() < 1e-12, "{serial}");
    assert_eq!((&sweep["fitted_against"], &sweep["guess"]), (&json!("waves"), &json!(false)));
    let best = &sweep["fits"][0];
    assert_eq!((&best["law"], &best["peak"]), (&json!("plateau"), &Value::Null));
    let names: Vec<_> =
        best["parameters"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["gain", "capacity"]);
    for (place, value) in [(0, 20.0), (1, 150.0)] {
        let parameter = |key: &str| best["parameters"][place][key].as_f64().unwrap();
        assert!((parameter("value") - value).abs() < 1e-6);
        assert!(parameter("low") <= value + 1e-6 && value - 1e-6 <= parameter("high"));
    }
    assert_eq!(sweep["knee"], json!({ "workers": 8, "low": 8, "high": 8 }));
    assert_eq!(sweep["equal_counts"], json!([[10, 11], [12, 14], [15, 19], [20, 29], [30, 32]]));
    assert_eq!((&sweep["recommended"], &sweep["accepted"]), (&json!(8), &Value::Null));
    assert!(sweep["advice"].as_str().unwrap().starts_with("8 threads: 7.50x."));
}

#[test]
fn fields_that_do_not_apply_are_null() {
    let report = document(&[]);
    let sweep = &report["sweep"];
    for key in ["tasks", "knee", "recommended", "accepted", "advice"] {
        assert_eq!(sweep[key], Value::Null, "{key}");
    }
    assert_eq!((&sweep["fits"], &sweep["guess"]), (&json!([]), &json!(true)));
    let mut out = Vec::new();
    JsonReport::from_runs(None, &[], None).write(&mut out).unwrap();
    let without: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(without["sweep"], Value::Null);
}
