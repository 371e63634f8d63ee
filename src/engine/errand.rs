//! What is asked of GitHub's API for a task, whichever process asks it.

use serde::{Deserialize, Serialize};

use super::task::Report;
use crate::github::{Client, Fault, Observe, Reply};
use crate::model::{Kind, Quota, State, Target, TaskId};

/// What a run's requests are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Errand {
    /// Whose followers.
    pub(super) target: Target,
    /// What of them.
    pub(super) what: What,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// The user's profile.
    Profile,
    /// A page of the user's followers a task.
    Pages,
}

impl Errand {
    /// Asks for a task's part of it, once.
    pub(super) async fn ask(&self, client: &Client, task: TaskId) -> Result<Reply, Fault> {
        let Self { target, what } = self;
        match what {
            What::Profile => self.prepare(client).await,
            What::Pages => client.followers(&target.user, target.per_page, task.0).await,
        }
    }

    /// Asks for the profile, but first, where that counts, whether anything may be asked at all.
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
