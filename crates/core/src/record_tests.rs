use super::*;

fn named(text: &str) -> Text {
    Text::new(text, text)
}

/// One line, team, skill, queue and widget; an administrator (1) and a team leader (2).
fn company() -> Directory {
    let mut directory = Directory::default();
    let grant = |action, scope| Grant { action, scope };
    let role =
        |name: &str, grants: &[Grant]| Role { name: named(name), grants: grants.to_vec(), ..Role::default() };
    let all = [
        grant(Action::ManageUsers, Scope::All),
        grant(Action::ManageRoles, Scope::All),
        grant(Action::ManageRouting, Scope::All),
    ];
    let leader = [grant(Action::ManageUsers, Scope::Site), grant(Action::ConversationRead, Scope::Group)];
    let user = |login: &str, role: i64| User {
        login: login.into(),
        name: login.into(),
        roles: vec![RoleId(role)],
        team: Some(TeamId(20)),
        skills: vec![SkillLevel { skill: SkillId(40), level: 3 }],
        ..User::default()
    };
    let records = [
        (10, Record::Role(role("Administrator", &all))),
        (11, Record::Role(role("Leader", &leader))),
        (20, Record::Team(Team { name: named("Sales"), ..Team::default() })),
        (30, Record::Line(Line { name: named("Shop"), zone: "Asia/Shanghai".into() })),
        (40, Record::Skill(Skill { name: named("English") })),
        (1, Record::User(user("admin", 10))),
        (2, Record::User(user("leader", 11))),
        (50, Record::Queue(queue())),
        (
            60,
            Record::Widget(Widget {
                name: named("Shop"),
                line: LineId(30),
                queue: QueueId(50),
                ..Widget::default()
            }),
        ),
    ];
    for (id, record) in records {
        assert_eq!(check(&record, Some(RecordId(id)), &directory), [], "{record:?}");
        directory.apply(record.kind(), RecordId(id), Some(&record));
    }
    directory
}

fn queue() -> Queue {
    Queue {
        name: named("Pre-sales"),
        line: LineId(30),
        teams: vec![TeamId(20)],
        needs: vec![Need { skill: SkillId(40), level: 3, relax: vec![Relax { after_s: 30, level: 0 }] }],
        ..Queue::default()
    }
}

fn fields(wrong: &[Wrong]) -> Vec<&str> {
    wrong.iter().map(|it| it.field.as_str()).collect()
}

fn actor(id: i64) -> Actor {
    Actor::User { id: UserId(id) }
}

#[test]
fn a_record_names_only_what_exists_and_stays_in_its_ranges() {
    let company = company();
    let bad = Queue {
        line: LineId(99),
        teams: vec![TeamId(20), TeamId(20), TeamId(21)],
        needs: vec![Need { skill: SkillId(40), level: 6, relax: vec![Relax { after_s: 0, level: 7 }] }],
        priority: 100,
        overflow: vec![Overflow { when: OverflowWhen::Closed, to: OverflowTo::Queue(QueueId(50)) }],
        calendar: Some(CalendarId(1)),
        form: Some(FormId(1)),
        ..queue()
    };
    assert_eq!(
        fields(&check(&Record::Queue(bad), Some(RecordId(50)), &company)),
        [
            "line",
            "teams.1",
            "teams.2",
            "needs.0.level",
            "needs.0.relax.0",
            "priority",
            "overflow.0.to",
            "calendar",
            "form"
        ]
    );
}

#[test]
fn names_and_logins_are_unique_but_one_may_keep_ones_own() {
    let company = company();
    let same = Record::Queue(queue());
    assert_eq!(check(&same, Some(RecordId(50)), &company), []);
    assert_eq!(check(&same, None, &company), [Wrong { field: "name".into(), fault: Fault::Taken }]);
    let twin = User { login: "admin".into(), name: "x".into(), ..User::default() };
    assert_eq!(
        check(&Record::User(twin), None, &company),
        [Wrong { field: "login".into(), fault: Fault::Taken }]
    );
}

#[test]
fn a_user_has_a_plain_login_and_levels_from_one_to_five() {
    let user = User {
        login: "Li Ming".into(),
        email: "nowhere".into(),
        skills: vec![SkillLevel { skill: SkillId(40), level: 0 }],
        ..User::default()
    };
    assert_eq!(
        fields(&check(&Record::User(user), None, &company())),
        ["login", "name", "email", "skills.0.level"]
    );
}

#[test]
fn a_calendar_has_real_days_and_spans_that_do_not_overlap() {
    let mut calendar = Calendar { name: named("Hours"), zone: "Asia/Shanghai".into(), ..Calendar::default() };
    calendar.week[0] = vec![Span { from: 540, to: 720 }, Span { from: 780, to: 1_080 }];
    calendar.days.insert("2026-10-01".into(), Day { name: named("国庆"), spans: vec![] });
    assert_eq!(check(&Record::Calendar(calendar.clone()), None, &company()), []);
    calendar.zone = "Mars/Base".into();
    calendar.week[1] = vec![Span { from: 540, to: 720 }, Span { from: 700, to: 1_441 }];
    calendar.days.insert("2026-02-30".into(), Day::default());
    assert_eq!(
        fields(&check(&Record::Calendar(calendar), None, &company())),
        ["zone", "week.1", "days.2026-02-30"]
    );
}

#[test]
fn a_widget_has_origins_without_a_path_and_a_colour() {
    let company = company();
    let Some(widget) = company.widgets.get(&WidgetId(60)) else { panic!("the company has a widget") };
    let bad = Widget {
        origins: vec![
            "https://shop.example".into(),
            "https://shop.example/path".into(),
            "javascript:alert(1)".into(),
        ],
        accent: "red".into(),
        languages: vec![],
        ..(**widget).clone()
    };
    assert_eq!(
        fields(&check(&Record::Widget(bad), Some(RecordId(60)), &company)),
        ["origins.1", "origins.2", "accent", "languages"]
    );
}

#[test]
fn teams_never_stand_below_themselves() {
    let mut company = company();
    let below =
        Record::Team(Team { name: named("East"), parent: Some(TeamId(20)), break_quota: None, leader: None });
    company.apply(RecordKind::Team, RecordId(21), Some(&below));
    let circle = Record::Team(Team {
        name: named("Sales"),
        parent: Some(TeamId(21)),
        break_quota: None,
        leader: None,
    });
    assert_eq!(
        check(&circle, Some(RecordId(20)), &company),
        [Wrong { field: "parent".into(), fault: Fault::Circle }]
    );
}

#[test]
fn what_is_in_use_is_named_by_its_users() {
    let company = company();
    assert_eq!(
        uses(RecordKind::Skill, RecordId(40), &company),
        [named("admin"), named("leader"), named("Pre-sales")]
    );
    assert_eq!(uses(RecordKind::Queue, RecordId(50), &company), [named("Shop")]);
    assert_eq!(uses(RecordKind::Role, RecordId(11), &company), [named("leader")]);
    assert_eq!(uses(RecordKind::Widget, RecordId(60), &company), []);
}

#[test]
fn sys_42_the_last_administrator_stays() {
    let company = company();
    let admin = &*company.users[&UserId(1)];
    let gone = Record::User(User { disabled: true, ..admin.clone() });
    assert!(!leaves_a_door(RecordKind::User, RecordId(1), Some(&gone), &company));
    assert!(!leaves_a_door(RecordKind::User, RecordId(1), None, &company));
    let emptied = Record::Role(Role { name: named("Administrator"), ..Role::default() });
    assert!(!leaves_a_door(RecordKind::Role, RecordId(10), Some(&emptied), &company));
    assert!(leaves_a_door(RecordKind::User, RecordId(2), None, &company));
}

#[test]
fn sys_42_who_manages_users_cannot_make_an_administrator() {
    let company = company();
    let user = |role| Record::User(User { roles: vec![RoleId(role)], ..User::default() });
    assert_eq!(
        check_gift(None, &user(10), actor(2), &company),
        [Wrong { field: "roles.0".into(), fault: Fault::BeyondOwn }]
    );
    assert_eq!(check_gift(None, &user(11), actor(2), &company), []);
    assert_eq!(check_gift(Some(&user(10)), &user(10), actor(2), &company), [], "what was there may stay");
    assert_eq!(check_gift(None, &user(10), actor(1), &company), []);
}

#[test]
fn a_personal_reply_is_its_owners_alone() {
    let company = company();
    let own = Record::Reply(Reply { owner: Some(UserId(2)), ..Reply::default() });
    let shared = Record::Reply(Reply::default());
    assert!(may_write(&company, actor(2), &own) && may_read(&company, actor(2), &own));
    assert!(!may_write(&company, actor(1), &own) && !may_read(&company, actor(1), &own));
    assert!(!may_write(&company, actor(2), &shared), "shared replies need a right");
    assert!(may_read(&company, actor(2), &shared));
}

#[test]
fn programs_and_visitors_list_nothing_without_a_right() {
    let mut company = company();
    let visitor = Actor::Visitor { id: VisitorId(1) };
    let api = Actor::Api { id: ApiKeyId(1) };
    for kind in RecordKind::ALL {
        assert!(!may_list(&company, visitor, kind) && !may_list(&company, api, kind), "{kind:?}");
    }
    assert!(may_list(&company, actor(2), RecordKind::Tag));
    assert!(!may_list(&company, actor(2), RecordKind::Webhook));
    company.keys.insert(ApiKeyId(1), std::sync::Arc::new(vec![]));
    assert!(may_list(&company, api, RecordKind::Tag) && !may_list(&company, api, RecordKind::User));
}

#[test]
fn every_fault_has_words_in_both_languages() {
    for fault in [
        Fault::Missing,
        Fault::Taken,
        Fault::Twice,
        Fault::Unknown,
        Fault::TooLong(1),
        Fault::TooMany(1),
        Fault::Outside(1, 2),
        Fault::Malformed(Shape::Login),
        Fault::Circle,
        Fault::LastDoor,
        Fault::BeyondOwn,
    ] {
        let text = fault.text();
        assert!(!text.zh.is_empty() && !text.en.is_empty() && text.zh != text.en, "{fault:?}");
    }
}
