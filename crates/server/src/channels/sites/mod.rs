//! Sites of one company that help each other out, over the bus: whoever waits too long at one is served by another's
//! people (`core/sites.rs` says how that is agreed on).
//!
//! Between two sites a contact is a channel at the helper and a deputy's conversation at its home. What is said leaves
//! by the same rows as every other reply (`sender`), so a line that is cut holds words back and loses none. `carry`
//! puts together what leaves, `home` and `helper` answer what comes.

mod carry;
mod helper;
mod home;
mod talk;

pub use carry::carry;
pub use home::{Unheard, WaitingIn};

use super::connector::Tried;
use crate::{app::Shared, cluster::bus::Bus, config::Config, jobs::Duty};
use futures_util::{StreamExt, future::BoxFuture};
use std::time::Duration;
use talk::{Answer, Question};
use tokio::task::JoinSet;
use yingda_core::{
    config::SiteSetup,
    id::{ChannelId, Tab},
};

/// Commands that come from another site are counted under these, by the position that each has in that site's log.
const TAB: Tab = Tab(u32::MAX - 1);
const STORY_TAB: Tab = Tab(u32::MAX - 2);
/// So many questions of another site are answered at once.
const AT_ONCE: usize = 64;
/// The bus is back some time.
const RETRY: Duration = Duration::from_secs(1);

/// What this site is called among the others.
pub fn own_name(config: &Config) -> &str {
    if config.site.is_empty() { "main" } else { &config.site }
}

fn bus(app: &Shared) -> Option<Bus> {
    app.cluster.as_ref()?.bus.clone()
}

/// Answers the other site, and offers it whoever waits for it.
pub fn listen(duty: &Duty, id: ChannelId, setup: &SiteSetup) -> BoxFuture<'static, ()> {
    let (duty, setup) = (duty.clone(), setup.clone());
    Box::pin(async move {
        tokio::join!(answer(&duty, id, &setup), home::offer(&duty, id, &setup));
    })
}

async fn answer(duty: &Duty, id: ChannelId, setup: &SiteSetup) {
    let Some(bus) = bus(&duty.app) else { return };
    let subject = bus.between(&setup.site, own_name(&duty.app.config));
    loop {
        match bus.client.subscribe(subject.clone()).await {
            Ok(questions) => serve(duty, id, setup, &bus, questions).await,
            Err(error) => tracing::warn!(%error, site = setup.site, "another site cannot be heard"),
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn serve(
    duty: &Duty,
    id: ChannelId,
    setup: &SiteSetup,
    bus: &Bus,
    mut questions: async_nats::Subscriber,
) {
    let mut answers = JoinSet::new();
    while let Some(message) = questions.next().await {
        while answers.len() >= AT_ONCE {
            answers.join_next().await;
        }
        while answers.try_join_next().is_some() {}
        let Some(back) = message.reply else { continue };
        let (duty, setup, bus) = (duty.clone(), setup.clone(), bus.clone());
        answers.spawn(async move {
            let answer = match serde_json::from_slice::<Question>(&message.payload) {
                Ok(question) => respond(&duty, id, &setup, question).await,
                // Another version may ask what this one does not understand.
                Err(error) => Answer::Broken(error.to_string()),
            };
            // Without an answer the other site asks again.
            let _ = bus.client.publish(back, answer.text().into()).await;
        });
    }
}

async fn respond(duty: &Duty, id: ChannelId, setup: &SiteSetup, question: Question) -> Answer {
    match question {
        Question::Ping => Answer::Done,
        Question::Reserve(contact) => helper::reserve(duty, id, contact).await,
        Question::Release { home } => helper::release(duty, id, home).await,
        Question::ToHelper { home, n, what } => helper::take(duty, id, setup, home, n, what).await,
        Question::ToHome { home, n, what } => home::take(duty, setup, home, n, what).await,
        Question::Piece { file, from } => talk::piece(duty, file, from).await,
    }
}

pub async fn try_out(app: &Shared, setup: &SiteSetup) -> Vec<Tried> {
    let outcome = talk::ask(app, &setup.site, &Question::Ping).await;
    let outcome = outcome.map(drop).map_err(super::connector::Failure::told);
    vec![Tried::new("问另一个站点是否在线", "Asking the other site whether it is there", outcome)]
}
