-- Whose account writes, where the platform tells it: one person has one id in all accounts of a company (unionid).
ALTER TABLE address ADD COLUMN union_id TEXT;
CREATE INDEX address_union ON address (union_id) WHERE union_id IS NOT NULL;

-- When two conversations by mail become one, all mails of one thread lead to the other.
CREATE INDEX mail_thread_term ON mail_thread (channel, term);
