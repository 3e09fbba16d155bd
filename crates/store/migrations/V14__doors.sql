-- When two conversations by mail become one, all mails of one thread lead to the other.
CREATE INDEX mail_thread_term ON mail_thread (channel, term);
