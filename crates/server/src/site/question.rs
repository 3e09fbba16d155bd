//! What may be asked of the live state, from whichever node.

use crate::{
    channels::{heard, phone, sites},
    http::{conversations, floor, health, records, session},
    join, proof,
    socket::{console, welcome},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use yingda_core::{At, engine::Engine};

/// Plain data, so that it can be asked on one node and answered on another.
pub trait Question: Into<Any> + Send + 'static {
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    fn answer(self, engine: &Engine, now: At) -> Self::Answer;
}

macro_rules! questions {
    ($($name:ident($question:ty)),* $(,)?) => {
        /// Any question, as it travels.
        #[derive(Debug, Serialize, Deserialize)]
        pub enum Any {
            $($name($question)),*
        }

        $(impl From<$question> for Any {
            fn from(question: $question) -> Self {
                Self::$name(question)
            }
        })*

        impl Any {
            /// The answer as JSON.
            pub fn answer(self, engine: &Engine, now: At) -> Box<RawValue> {
                let text = match self {
                    $(Self::$name(question) => serde_json::value::to_raw_value(&question.answer(engine, now)),)*
                };
                // Answers are plain data: writing them as JSON cannot fail.
                text.expect("an answer is JSON")
            }
        }
    };
}

questions! {
    Alive(health::Alive),
    ActiveWork(session::ActiveWork),
    ConversationNow(conversations::ConversationNow),
    DeskOf(console::DeskOf),
    FloorNow(floor::FloorNow),
    MayWatch(console::MayWatch),
    OpenOf(join::OpenOf),
    PlaceOf(phone::PlaceOf),
    PersonaOf(console::PersonaOf),
    ProvenTo(proof::ProvenTo),
    Serving(records::Serving),
    Stir(heard::Stir),
    Unheard(sites::Unheard),
    VisitorNow(welcome::VisitorNow),
    WaitingIn(sites::WaitingIn),
}
