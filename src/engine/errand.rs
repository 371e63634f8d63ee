//! The API request of a task, sent by this process or by a worker process.

use serde::{Deserialize, Serialize};

use super::task::Report;
use crate::github::{Client, Fault, Observe, Reply};
use crate::model::{Kind, Quota, State, Target, TaskId};

/// The requests of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Errand {
    /// The user and the page size.
    pub(super) target: Target,
    /// The endpoint.
    pub(super) what: What,
}

/// An endpoint of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// The user's profile.
    Profile,
    /// The user's followers, one page per task.
    Pages,
}

impl Errand {
    /// Sends the request of a task once.
    pub(super) async fn ask(&self, client: &Client, task: TaskId) -> Result<Reply, Fault> {
        let Self { target, what } = self;
        match what {
            What::Profile => self.prepare(client).await,
            What::Pages => client.followers(&target.user, target.per_page, task.0).await,
        }
    }

    /// Requests the profile. If requests cost quota, first checks that some is left.
    async fn prepare(&self, client: &Client) -> Result<Reply, Fault> {
        if self.target.costs_quota {
            client.quota().await?;
        }
        client.profile(&self.target.user).await
    }
}

impl Observe for Report {
    fn enter(&self, state: State) {
        Self::enter(self, state);
    }

    fn quota(&self, quota: Quota) {
        self.send(Kind::Quota(quota));
    }
}
