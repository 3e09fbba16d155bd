//! `yingda demo`: a shop with its widget, agents, customers and a week of history.

use crate::{
    clock::Clock,
    config::Config,
    demo,
    start::{self, StartError},
};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Demo {
    /// Fill an empty store with the demo.
    Load,
    /// Remove a demo's store and files; anything else is left alone.
    Clear,
}

pub async fn run(config: Config, what: Demo) -> Result<(), StartError> {
    match what {
        Demo::Load => {
            let _lock = start::lock(&config.data)?;
            let db = start::store(&config).await?;
            let loaded = demo::load(&db, Clock::new().now()).await?;
            db.close().await;
            println!(
                "Loaded {} conversations in {} events. Who can sign in:",
                loaded.conversations, loaded.events
            );
            demo::logins().iter().for_each(|login| println!("  {login}"));
        }
        Demo::Clear => {
            demo::clear(&config).await?;
            println!("The demo is gone.");
        }
    }
    Ok(())
}
