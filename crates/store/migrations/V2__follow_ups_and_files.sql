-- Promised follow-ups, the most urgent first. Most conversations have none and are not in it.
CREATE INDEX conversation_follow_up ON conversation (follow_up_at, id) WHERE follow_up_at IS NOT NULL;
