//! What an error says, in both languages: what happened, and what to do now. One place, so that the same thing is
//! always said in the same words.

use crate::problem::Code;
use axum::http::StatusCode;
use yingda_core::{lang::Lang, proof::CodeFault, refusal::Refusal};

/// A code with its words.
pub struct Sentence {
    pub status: StatusCode,
    pub code: &'static str,
    zh: Said,
    en: Said,
}

#[derive(Clone, Copy)]
pub struct Said {
    pub what: &'static str,
    pub advice: &'static str,
}

impl Sentence {
    pub fn said(&self, lang: Lang) -> Said {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
}

/// A refusal in one sentence, for sockets.
pub fn refusal(refusal: Refusal, lang: Lang) -> String {
    let said = of(Code::Refused(refusal)).said(lang);
    let gap = if lang == Lang::En { " " } else { "" };
    [said.what, said.advice].join(gap)
}

fn sentence(
    status: StatusCode,
    code: &'static str,
    zh: (&'static str, &'static str),
    en: (&'static str, &'static str),
) -> Sentence {
    let said = |(what, advice)| Said { what, advice };
    Sentence { status, code, zh: said(zh), en: said(en) }
}

pub fn of(code: Code) -> Sentence {
    use StatusCode as S;
    match code {
        Code::Refused(refusal) => of_refusal(refusal),
        Code::NotProven(fault) => of_code(fault),
        Code::SignInFirst => sentence(
            S::UNAUTHORIZED,
            "sign_in_first",
            ("尚未登录，或登录已过期。", "请重新登录。"),
            ("You are not signed in, or your sign-in has ended.", "Sign in again."),
        ),
        Code::SignInWrong => sentence(
            S::UNAUTHORIZED,
            "sign_in_wrong",
            ("用户名或密码不正确。", "请检查后重试；连续输错会锁定账号。"),
            (
                "The user name or the password is wrong.",
                "Check both and try again; several wrong attempts lock the account.",
            ),
        ),
        Code::Locked => sentence(
            S::LOCKED,
            "locked",
            ("密码连续输错多次，账号已锁定。", "请稍后再试，或请管理员解锁。"),
            (
                "The account is locked after several wrong passwords.",
                "Try again later, or ask an administrator to unlock it.",
            ),
        ),
        Code::SecondFactorNeeded => sentence(
            S::UNAUTHORIZED,
            "code_needed",
            ("此账号已启用两步验证。", "请输入验证器应用显示的六位数字。"),
            ("This account has a second factor.", "Enter the six digits that your authenticator app shows."),
        ),
        Code::SecondFactorWrong => sentence(
            S::UNAUTHORIZED,
            "code_wrong",
            ("验证码不正确或已使用。", "请等待下一个验证码，并检查设备时间。"),
            (
                "The code is wrong or was used before.",
                "Wait for the next code, and check the clock of your device.",
            ),
        ),
        Code::PasswordWeak => sentence(
            S::UNPROCESSABLE_ENTITY,
            "password_weak",
            ("密码太短或太常见。", "请使用更长、不含用户名的密码。"),
            (
                "The password is too short or too common.",
                "Choose a longer one that does not contain the user name.",
            ),
        ),
        Code::TotpNeeded => sentence(
            S::FORBIDDEN,
            "totp_needed",
            ("管理员要求启用两步验证。", "请先在个人设置中完成两步验证。"),
            ("The administrator asks for a second factor.", "Set it up in your personal settings first."),
        ),
        Code::CrossSite => sentence(
            S::FORBIDDEN,
            "cross_site",
            (
                "请求不是从本系统的页面发出的。",
                "请从控制台操作；程序请使用 API 密钥或加上请求头 x-yingda: 1。",
            ),
            (
                "The request did not come from a page of this system.",
                "Use the console; a program uses an API key or adds the header x-yingda: 1.",
            ),
        ),
        Code::BadJson => sentence(
            S::BAD_REQUEST,
            "bad_json",
            ("请求内容不是有效的 JSON，或字段不对。", "请对照接口文档修改后重发。"),
            (
                "The body is not valid JSON, or its fields do not fit.",
                "Compare it with the API document and send it again.",
            ),
        ),
        Code::BadQuery => sentence(
            S::BAD_REQUEST,
            "bad_query",
            ("请求的地址或参数有误。", "请对照接口文档修改后重发。"),
            (
                "The address or a parameter of the request is wrong.",
                "Compare it with the API document and send it again.",
            ),
        ),
        Code::BadToken => sentence(
            S::UNAUTHORIZED,
            "bad_token",
            ("令牌无效或已过期。", "请重新打开页面；程序请检查 API 密钥。"),
            ("The token is not valid, or no longer.", "Open the page again; a program checks its API key."),
        ),
        Code::NoSuchAddress => sentence(
            S::NOT_FOUND,
            "no_such_address",
            ("没有这个地址。", "请检查地址，或对照接口文档 /api/v1/openapi.json。"),
            ("There is nothing at this address.", "Check it, or see /api/v1/openapi.json."),
        ),
        Code::WrongMethod => sentence(
            S::METHOD_NOT_ALLOWED,
            "wrong_method",
            ("这个地址不支持此方法。", "允许的方法见响应头 Allow。"),
            ("This address does not know that method.", "The header Allow names those it knows."),
        ),
        Code::WrongMediaType => sentence(
            S::UNSUPPORTED_MEDIA_TYPE,
            "wrong_media_type",
            ("请求内容的类型不对。", "请以 application/json 发送；上传文件请用 multipart/form-data。"),
            (
                "The body has the wrong media type.",
                "Send application/json, or multipart/form-data for files.",
            ),
        ),
        Code::BadSignature => sentence(
            S::UNAUTHORIZED,
            "bad_signature",
            ("请求的签名不正确，或时间相差超过五分钟。", "请用渠道页面上的密钥签名，并核对两边的时钟。"),
            (
                "The request's signature is wrong, or older than five minutes.",
                "Sign with the key on the channel's page, and check both clocks.",
            ),
        ),
        Code::TooLarge => sentence(
            S::PAYLOAD_TOO_LARGE,
            "too_large",
            ("内容太大。", "请减小后重发；上限由管理员在配置中设定。"),
            ("The content is too large.", "Send less; the administrator sets the limit."),
        ),
        Code::WrongFileType => sentence(
            S::UNSUPPORTED_MEDIA_TYPE,
            "wrong_file_type",
            ("文件内容与其类型不符，或不允许此类型。", "请发送图片、PDF、文本或办公文档。"),
            (
                "The file is not what its name says, or is of a kind that is not allowed.",
                "Send a picture, PDF, text or office document.",
            ),
        ),
        Code::FilesAway => sentence(
            S::SERVICE_UNAVAILABLE,
            "files_away",
            ("文件存储暂时不可用，文件没有保存或读出。", "请稍后再试；文字消息不受影响。"),
            (
                "The storage of files is away: the file was neither kept nor read.",
                "Try again in a moment; messages without files go on.",
            ),
        ),
        Code::TooManyRequests => sentence(
            S::TOO_MANY_REQUESTS,
            "too_many_requests",
            ("请求过于频繁。", "请稍等片刻再试。"),
            ("Too many requests came from your address.", "Wait a moment and try again."),
        ),
        Code::VersionNeeded => sentence(
            S::PRECONDITION_REQUIRED,
            "version_needed",
            ("修改记录需要说明所依据的版本。", "请先读取记录，并以 If-Match 请求头带上它的版本。"),
            (
                "A change must name the version that it is based on.",
                "Read the record first and send its version as If-Match.",
            ),
        ),
        Code::KeyReused => sentence(
            S::UNPROCESSABLE_ENTITY,
            "key_reused",
            ("同一个 Idempotency-Key 已用于另一个请求。", "新请求请使用新的键。"),
            ("This Idempotency-Key was used for another request.", "Use a new key for a new request."),
        ),
        Code::SetUpDone => sentence(
            S::CONFLICT,
            "set_up_done",
            ("系统已经完成初始设置。", "请直接登录。"),
            ("The system is already set up.", "Sign in."),
        ),
        Code::SetUpToken => sentence(
            S::FORBIDDEN,
            "set_up_token",
            ("设置链接无效。", "请使用服务器最近一次启动时打印的链接。"),
            ("The set-up link is not valid.", "Use the one that the server printed at its latest start."),
        ),
        Code::Broken => sentence(
            S::INTERNAL_SERVER_ERROR,
            "broken",
            ("服务器内部出错，请求没有完成。", "请稍后再试；如果再次出现，请联系管理员查看日志。"),
            (
                "The server failed, and the request was not carried out.",
                "Try again; if it happens again, ask the administrator to look into the log.",
            ),
        ),
    }
}

fn of_refusal(refusal: Refusal) -> Sentence {
    use StatusCode as S;
    match refusal {
        Refusal::NotFound => sentence(
            S::NOT_FOUND,
            "not_found",
            ("找不到，或您无权查看。", "它可能已被删除；请刷新后再试。"),
            ("Not found, or not yours to see.", "It may have been deleted; refresh and try again."),
        ),
        Refusal::Forbidden => sentence(
            S::FORBIDDEN,
            "forbidden",
            ("您没有权限这样做。", "如确有需要，请管理员调整您的角色。"),
            ("You may not do this.", "If you need to, ask an administrator to change your role."),
        ),
        Refusal::Closed => sentence(
            S::CONFLICT,
            "closed",
            ("会话已结束。", "如需继续，请发起新的会话。"),
            ("The conversation is closed.", "Start a new one to go on."),
        ),
        Refusal::WrongPhase => sentence(
            S::CONFLICT,
            "wrong_phase",
            ("会话当前的状态不允许这样做。", "请查看会话的最新状态后再试。"),
            (
                "The conversation is not in a state that allows this.",
                "Look at its present state and try again.",
            ),
        ),
        Refusal::NotYours => sentence(
            S::CONFLICT,
            "not_yours",
            ("会话由其他同事负责。", "请先接手，或请对方转接。"),
            ("Somebody else holds this conversation.", "Take it over first, or ask for a transfer."),
        ),
        Refusal::AlreadyYours => sentence(
            S::CONFLICT,
            "already_yours",
            ("会话已经由您负责。", "无需再次操作。"),
            ("This conversation is already yours.", "There is nothing to do."),
        ),
        Refusal::AgentFull => sentence(
            S::CONFLICT,
            "agent_full",
            ("该座席的接待量已满。", "请选择其他座席，或转到队列。"),
            ("The agent has as many contacts as allowed.", "Choose another agent, or transfer to a queue."),
        ),
        Refusal::AgentAway => sentence(
            S::CONFLICT,
            "agent_away",
            ("该座席不在线或未就绪。", "请选择其他座席，或转到队列。"),
            ("The agent is away or not ready.", "Choose another agent, or transfer to a queue."),
        ),
        Refusal::QueueFull => sentence(
            S::CONFLICT,
            "queue_full",
            ("排队人数已满。", "请稍后再试，或给我们留言。"),
            ("The queue is full.", "Try again later, or leave us a message."),
        ),
        Refusal::QueueClosed => sentence(
            S::CONFLICT,
            "queue_closed",
            ("当前不在服务时间。", "请给我们留言，上班后会尽快回复。"),
            ("We are closed at the moment.", "Leave us a message and we will answer soon."),
        ),
        Refusal::OfferGone => sentence(
            S::CONFLICT,
            "offer_gone",
            ("该会话的分配已失效。", "它已被收回或由他人接起。"),
            ("This offer is no longer open.", "It was withdrawn, or someone else took it."),
        ),
        Refusal::Empty => sentence(
            S::UNPROCESSABLE_ENTITY,
            "empty",
            ("没有内容，或没有任何改变。", "请填写内容后再提交。"),
            ("There is no content, or nothing changed.", "Write something and send it again."),
        ),
        Refusal::TooLong => sentence(
            S::UNPROCESSABLE_ENTITY,
            "too_long",
            ("内容太长。", "请缩短，或作为文件发送。"),
            ("The text is too long.", "Shorten it, or send it as a file."),
        ),
        Refusal::TooLate => sentence(
            S::CONFLICT,
            "too_late",
            ("已经超过允许的时间。", "此操作只能在规定时间内进行。"),
            ("It is too late for this.", "This can only be done within the set time."),
        ),
        Refusal::BadValue => sentence(
            S::UNPROCESSABLE_ENTITY,
            "bad_value",
            ("有字段的值不正确。", "请按提示修改后再提交。"),
            ("A field has a wrong value.", "Correct what is marked and send it again."),
        ),
        Refusal::BreakQuotaFull => sentence(
            S::CONFLICT,
            "break_quota_full",
            ("班组的小休名额已满。", "请等同事返回后再申请。"),
            ("As many of your team as allowed are on a break.", "Wait until a colleague is back."),
        ),
        Refusal::ActiveWork => sentence(
            S::CONFLICT,
            "active_work",
            ("您还有未结束的会话。", "请先结束或转接，再退出。"),
            ("You still hold conversations.", "Close or transfer them before you sign out."),
        ),
        Refusal::SignedInElsewhere => sentence(
            S::CONFLICT,
            "signed_in_elsewhere",
            ("该账号已在其他地方登录。", "请先在那里退出，或联系管理员。"),
            ("This account is signed in elsewhere.", "Sign out there first, or ask an administrator."),
        ),
        Refusal::OptedOut => sentence(
            S::CONFLICT,
            "opted_out",
            ("客户已退订，不接收主动发送的消息。", "请等客户来联系，或在客户同意后恢复订阅。"),
            (
                "The customer opted out of messages that they did not ask for.",
                "Wait until they write, or opt them in again once they agree.",
            ),
        ),
        Refusal::Banned => sentence(
            S::FORBIDDEN,
            "banned",
            ("您暂时不能发起会话。", "如有疑问，请通过其他方式联系我们。"),
            ("You cannot start a conversation for now.", "If in doubt, reach us another way."),
        ),
        Refusal::Stale => sentence(
            S::CONFLICT,
            "stale",
            ("记录在您读取之后已被他人修改。", "请查看最新内容，再决定是否保留您的修改。"),
            (
                "The record changed after you read it.",
                "Look at it as it is now, then decide about your change.",
            ),
        ),
        Refusal::NameTaken => sentence(
            S::CONFLICT,
            "name_taken",
            ("这个名称已被使用。", "请换一个名称。"),
            ("This name is taken.", "Choose another one."),
        ),
        Refusal::InUse => sentence(
            S::CONFLICT,
            "in_use",
            ("它正被其他记录使用，不能删除。", "请先解除引用。"),
            ("Other records use it, so it cannot be deleted.", "Remove those references first."),
        ),
        Refusal::Gap => sentence(
            S::CONFLICT,
            "gap",
            ("前面有一条指令没有到达。", "请从指明的序号重新发送。"),
            ("An earlier command is missing.", "Send again from the number named."),
        ),
        Refusal::Busy => sentence(
            S::SERVICE_UNAVAILABLE,
            "busy",
            ("系统正忙，请求没有处理。", "请稍后再试。"),
            ("The system is busy, and nothing was done.", "Try again in a moment."),
        ),
        Refusal::Unavailable => sentence(
            S::SERVICE_UNAVAILABLE,
            "unavailable",
            ("存储暂时不可用，没有丢失任何内容。", "请稍后再试。"),
            ("The store is away; nothing was lost.", "Try again in a moment."),
        ),
        Refusal::DiskFull => sentence(
            S::INSUFFICIENT_STORAGE,
            "disk_full",
            ("磁盘已满，无法保存新内容。", "请联系管理员清理磁盘；已保存的内容不受影响。"),
            (
                "The disk is full: nothing new can be stored.",
                "Ask the administrator to make room; what is stored is safe.",
            ),
        ),
    }
}

/// Why a customer's one-time code was not taken.
fn of_code(fault: CodeFault) -> Sentence {
    use StatusCode as S;
    match fault {
        CodeFault::Wrong => sentence(
            S::UNPROCESSABLE_ENTITY,
            "one_time_code_wrong",
            ("验证码不正确。", "请核对后重新输入。"),
            ("The code is wrong.", "Check it and enter it again."),
        ),
        CodeFault::Expired => sentence(
            S::CONFLICT,
            "one_time_code_expired",
            ("验证码已过期。", "请重新发送。"),
            ("The code has expired.", "Send a new one."),
        ),
        CodeFault::Used => sentence(
            S::CONFLICT,
            "one_time_code_used",
            ("验证码已经用过。", "需要再次核验时请重新发送。"),
            ("The code was used already.", "Send a new one if it is needed again."),
        ),
        CodeFault::TooMany => sentence(
            S::CONFLICT,
            "one_time_code_spent",
            ("输错次数太多，验证码已作废。", "请重新发送。"),
            ("The code was entered wrongly too often.", "Send a new one."),
        ),
    }
}
