//! Template packs from the command line.

use super::office::Office;
use crate::{config::Config, start::StartError};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub enum Pack {
    /// The packs that this version ships.
    List,
    /// What installing would do to each record.
    Diff { pack: String },
    /// Bring what is not here yet; what somebody changed stays as it is.
    Install { pack: String },
    /// Take away what nobody changed and nothing uses.
    Remove { pack: String },
}

pub async fn run(config: Config, what: Pack) -> Result<(), StartError> {
    let office = Office::open(config).await?;
    let told = match &what {
        Pack::List => office.get("/packs").await,
        Pack::Diff { pack } => office.get(&format!("/packs/{pack}")).await,
        Pack::Install { pack } => office.post(&format!("/packs/{pack}/install"), &json!({})).await,
        Pack::Remove { pack } => office.post(&format!("/packs/{pack}/remove"), &json!({})).await,
    };
    office.close().await;
    for line in told?.as_array().into_iter().flatten() {
        println!("{}", if matches!(what, Pack::List) { pack(line) } else { item(line) });
    }
    Ok(())
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

fn pack(it: &Value) -> String {
    let (name, english) = (text(&it["name"]["zh"]), text(&it["name"]["en"]));
    format!("{:<12} {name} {english}: {} of {}", text(&it["key"]), it["installed"], it["items"])
}

fn item(it: &Value) -> String {
    let problem = it["problem"].as_str().map(|why| format!("  {why}")).unwrap_or_default();
    let (kind, name) = (text(&it["kind"]), text(&it["name"]["zh"]));
    format!("{:<8} {kind:<12} {:<18} {name}{problem}", text(&it["state"]), text(&it["item"]))
}
