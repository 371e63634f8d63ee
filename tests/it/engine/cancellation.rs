//! Hooks that a cancellation calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use threadline::source::CancelToken;

#[test]
fn hook_runs_once_if_registered_before_or_after_the_cancellation() {
    let (cancel, calls) = (CancelToken::default(), Arc::new(AtomicU32::new(0)));
    let register = || {
        let counted = Arc::clone(&calls);
        cancel.on_cancel(move || _ = counted.fetch_add(1, Ordering::SeqCst));
        calls.load(Ordering::SeqCst)
    };
    assert_eq!((register(), register()), (0, 0), "not cancelled yet");
    cancel.cancel();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    cancel.clone().cancel();
    assert_eq!(calls.load(Ordering::SeqCst), 2, "cancelled again");
    assert_eq!(register(), 3, "registered too late");
}
