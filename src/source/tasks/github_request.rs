//! The request for a page of followers, sent by this process or by a worker process.

use serde::{Deserialize, Serialize};

use crate::github::{ApiObserver, ApiResponse, Client};
use crate::http::{RequestError, RequestObserver};
use crate::model::{EventKind, Quota, State, Target, TaskId};
use crate::source::pool::lane_reporter::LaneReporter;

/// The requests of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::source) struct GithubRequest {
    /// The user and the page size.
    pub(in crate::source) target: Target,
}

impl GithubRequest {
    /// Sends the request of a task once.
    pub(in crate::source) async fn send(
        &self,
        client: &Client,
        task: TaskId,
    ) -> Result<ApiResponse, RequestError> {
        client.fetch_followers(&self.target.user, self.target.per_page, task.0).await
    }
}

impl RequestObserver for LaneReporter {
    fn enter_state(&self, state: State) {
        Self::enter_state(self, state);
    }
}

impl ApiObserver for LaneReporter {
    fn record_quota(&self, quota: Quota) {
        self.send(EventKind::QuotaReported(quota));
    }
}
