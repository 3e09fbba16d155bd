-- Promised follow-ups, the most urgent first. Most conversations have none and are not in it.
CREATE INDEX conversation_follow_up ON conversation (follow_up_at, id) WHERE follow_up_at IS NOT NULL;

-- Every conversation in which a file was posted. What stands nowhere in here and in no record belongs to nobody.
CREATE TABLE file_use (
    file BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    PRIMARY KEY (file, conversation)
);
INSERT INTO file_use (file, conversation) SELECT id, conversation FROM file WHERE conversation IS NOT NULL;
ALTER TABLE file DROP COLUMN conversation;
ALTER TABLE file DROP COLUMN deleted_at;
