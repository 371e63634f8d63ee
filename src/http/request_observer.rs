//! Observes connection setup, which reqwest does not report separately from the rest of a request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::model::State;

/// Receives the states of a request, on the worker's thread.
pub trait RequestObserver: Send + Sync {
    /// Reports the state that the thread enters.
    fn enter_state(&self, state: State);
}

/// A tower layer and its service: reports connecting, then waiting, around the wrapped connector.
#[derive(Clone)]
pub(crate) struct ConnectObserver<S = ()> {
    connector: S,
    observer: Arc<dyn RequestObserver>,
    connected: Arc<AtomicBool>,
}

impl ConnectObserver {
    /// Creates a layer that sets `connected` when a connection is established.
    pub(crate) fn new(observer: Arc<dyn RequestObserver>, connected: Arc<AtomicBool>) -> Self {
        Self { connector: (), observer, connected }
    }
}

impl<S> Layer<S> for ConnectObserver {
    type Service = ConnectObserver<S>;

    fn layer(&self, connector: S) -> Self::Service {
        let (observer, connected) = (Arc::clone(&self.observer), Arc::clone(&self.connected));
        ConnectObserver { connector, observer, connected }
    }
}

impl<S, Target> Service<Target> for ConnectObserver<S>
where
    S: Service<Target>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let connecting = self.connector.call(target);
        let (observer, connected) = (Arc::clone(&self.observer), Arc::clone(&self.connected));
        Box::pin(async move {
            observer.enter_state(State::Connecting);
            let connection = connecting.await;
            if connection.is_ok() {
                connected.store(true, Ordering::Relaxed);
                observer.enter_state(State::Waiting);
            }
            connection
        })
    }
}
