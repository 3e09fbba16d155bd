-- Parts of long SMS whose others have not come yet: each was acknowledged, so each is kept.
CREATE TABLE sms_part (
    channel BIGINT NOT NULL,
    term TEXT NOT NULL,
    receiver TEXT NOT NULL,
    -- The sender's number for the whole, how many parts it has, and which this is.
    reference BIGINT NOT NULL,
    total BIGINT NOT NULL,
    part BIGINT NOT NULL,
    coding BIGINT NOT NULL,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (channel, term, receiver, reference, total, part)
);
