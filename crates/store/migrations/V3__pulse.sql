-- What moves with every message, in rows so narrow that many share a page: a message then writes one of few pages
-- instead of one of many. A conversation without such a row has everything in its own.
CREATE TABLE pulse (
    conversation BIGINT PRIMARY KEY,
    last_at BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    spoke_at BIGINT NOT NULL,
    unanswered_since_at BIGINT,
    first_reply_at BIGINT,
    warned BOOLEAN NOT NULL,
    read_by_visitor BIGINT NOT NULL,
    read_by_staff BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    preview TEXT NOT NULL,
    preview_of BIGINT NOT NULL,
    senders TEXT
);
