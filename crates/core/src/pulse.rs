//! What a message moves in a conversation: its position, the last words, who read how far, who sent last. It is stored
//! apart from the rest, in a narrow row, since it is written with every message and the rest is not.

use crate::{
    At,
    conversation::{Conversation, Sender},
    id::ConversationId,
};
use smallvec::SmallVec;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    pub conversation: ConversationId,
    pub last_at: At,
    pub last_seq: u64,
    pub spoke_at: At,
    pub unanswered_since_at: Option<At>,
    pub first_reply_at: Option<At>,
    pub warned: bool,
    pub read_by_visitor: u64,
    pub read_by_staff: u64,
    pub unread: u16,
    pub preview: String,
    pub preview_of: u64,
    pub senders: SmallVec<[Sender; 2]>,
}

impl Pulse {
    pub fn of(conversation: &Conversation) -> Self {
        Self {
            conversation: conversation.id,
            last_at: conversation.last_at,
            last_seq: conversation.last_seq,
            spoke_at: conversation.spoke_at,
            unanswered_since_at: conversation.unanswered_since_at,
            first_reply_at: conversation.first_reply_at,
            warned: conversation.warned,
            read_by_visitor: conversation.read_by_visitor,
            read_by_staff: conversation.read_by_staff,
            unread: conversation.unread,
            preview: conversation.preview.clone(),
            preview_of: conversation.preview_of,
            senders: conversation.senders.clone(),
        }
    }

    /// Brings a conversation that was stored earlier up to here.
    pub fn put(self, conversation: &mut Conversation) {
        conversation.last_at = self.last_at;
        conversation.last_seq = self.last_seq;
        conversation.spoke_at = self.spoke_at;
        conversation.unanswered_since_at = self.unanswered_since_at;
        conversation.first_reply_at = self.first_reply_at;
        conversation.warned = self.warned;
        conversation.read_by_visitor = self.read_by_visitor;
        conversation.read_by_staff = self.read_by_staff;
        conversation.unread = self.unread;
        conversation.preview = self.preview;
        conversation.preview_of = self.preview_of;
        conversation.senders = self.senders;
    }
}
