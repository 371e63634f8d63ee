//! The API request of a task, sent by this process or by a worker process.

use serde::{Deserialize, Serialize};

use crate::github::{ApiObserver, ApiResponse, Client};
use crate::http::{RequestError, RequestObserver};
use crate::model::{EventKind, Quota, State, Target, TaskId};
use crate::source::pool::task::LaneReporter;

/// The requests of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::source) struct GithubRequest {
    /// The user and the page size.
    pub(in crate::source) target: Target,
    /// The endpoint.
    #[serde(rename = "what")]
    pub(in crate::source) endpoint: Endpoint,
}

/// An endpoint of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::source) enum Endpoint {
    /// The user's profile.
    Profile,
    /// The user's followers, one page per task.
    Pages,
}

impl GithubRequest {
    /// Sends the request of a task once.
    pub(in crate::source) async fn send(
        &self,
        client: &Client,
        task: TaskId,
    ) -> Result<ApiResponse, RequestError> {
        let Self { target, endpoint } = self;
        match endpoint {
            Endpoint::Profile => self.send_profile(client).await,
            Endpoint::Pages => client.fetch_followers(&target.user, target.per_page, task.0).await,
        }
    }

    /// Requests the profile. If requests cost quota, first checks that some is left.
    async fn send_profile(&self, client: &Client) -> Result<ApiResponse, RequestError> {
        if self.target.costs_quota {
            client.fetch_quota().await?;
        }
        client.fetch_profile(&self.target.user).await
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
