//! The file: whose it is, what is refused, what leaves when there is no room.

use std::time::Duration;

use super::super::model_tests::event;
use super::*;

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("events").join("outbox.redb")
}

fn open(path: &Path) -> Result<StoredOutbox, OutboxError> {
    StoredOutbox::open(path, StoredLimits::default())
}

fn accept(seq: u64, session: &str, lifecycle: bool, body: usize) -> Change {
    Change::Accept {
        event: event(seq, session, lifecycle, body),
        endpoints: vec![0],
    }
}

/// The numbers of the events that wait for the endpoint 0.
fn waiting(outbox: &StoredOutbox) -> Vec<u64> {
    let mut seqs = Vec::new();
    for session in outbox.sessions(0, None, usize::MAX).unwrap() {
        let events = outbox.pending(0, &session, 0, usize::MAX, usize::MAX);
        seqs.extend(events.unwrap().iter().map(|event| event.seq));
    }
    seqs.sort_unstable();
    seqs
}

#[test]
fn what_was_accepted_is_there_after_a_restart_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(&path(&folder)).unwrap();
    assert_eq!(outbox.endpoint("a").unwrap(), 0);
    assert_eq!(outbox.endpoint("b").unwrap(), 1);
    outbox.commit(&[accept(1, "s", true, 10)], 0).unwrap();
    drop(outbox);
    let mut outbox = open(&path(&folder)).unwrap();
    assert_eq!(outbox.endpoint("b").unwrap(), 1);
    assert_eq!(outbox.next_seq(), 2);
    assert_eq!(waiting(&outbox), [1]);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    drop(open(&path).unwrap());
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
    let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "an unfinished file was left");
}

#[test]
fn two_cannot_have_it_open_but_others_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let mut outbox = open(&path).unwrap();
    outbox.commit(&[accept(1, "s", true, 10)], 0).unwrap();
    assert!(matches!(open(&path), Err(OutboxError::InUse { .. })));
    let reader = builder(&path).open_read_only(&path).unwrap();
    let reading = reader.begin_read().unwrap();
    assert_eq!(reading.open_table(EVENTS).unwrap().len().unwrap(), 1);
    drop(outbox);
    drop((reading, reader));
    open(&path).unwrap();
}

#[test]
fn anothers_file_is_refused_and_left_as_it_is() {
    const THEIRS: TableDefinition<'_, &str, &str> = TableDefinition::new("theirs");
    const LIKE_OURS: TableDefinition<'_, &str, &str> = TableDefinition::new("outbox");
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "Dear diary").unwrap();
    for (name, table) in [("theirs", THEIRS), ("like", LIKE_OURS)] {
        let database = redb::Database::create(folder.path().join(name)).unwrap();
        let writing = database.begin_write().unwrap();
        writing.open_table(table).unwrap().insert("a", "b").unwrap();
        writing.commit().unwrap();
    }
    for name in ["text", "theirs", "like"] {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).unwrap();
        let refused = open(&path).unwrap_err();
        assert!(
            matches!(refused, OutboxError::Foreign { .. }),
            "{name}: {refused}"
        );
        assert!(refused.to_string().contains(name), "{refused}");
        assert!(!refused.may_pass());
        // A database notes that it was opened; what is in it stays.
        if name == "text" {
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
    }
    let theirs = redb::Database::open(folder.path().join("theirs")).unwrap();
    let reading = theirs.begin_read().unwrap();
    let tables: Vec<_> = reading.list_tables().unwrap().collect();
    assert_eq!(tables.len(), 1);
    let folder_itself = open(folder.path()).unwrap_err();
    assert!(
        matches!(folder_itself, OutboxError::Foreign { .. }),
        "{folder_itself}"
    );
}

#[cfg(unix)]
#[test]
fn anothers_file_stays_readable_to_whoever_could_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("extensions.conf");
    std::fs::write(&text, "[general]").unwrap();
    let database = folder.path().join("theirs");
    let made = redb::Database::create(&database).unwrap();
    let table: TableDefinition<'_, &str, &str> = TableDefinition::new("theirs");
    let writing = made.begin_write().unwrap();
    writing.open_table(table).unwrap().insert("a", "b").unwrap();
    writing.commit().unwrap();
    drop(made);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&text, &link).unwrap();
    for (path, asked) in [(&text, &text), (&text, &link), (&database, &database)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(open(asked), Err(OutboxError::Foreign { .. })));
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o644, "{asked:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_a_file_and_refused_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    let refused = open(&link).unwrap_err();
    assert!(matches!(refused, OutboxError::Foreign { .. }), "{refused}");
    assert!(!folder.path().join("elsewhere").exists());
    drop(open(&folder.path().join("elsewhere")).unwrap());
    open(&link).unwrap();
}

#[test]
fn what_comes_once_more_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(&path(&folder)).unwrap();
    outbox.commit(&[accept(1, "s", true, 1_000)], 0).unwrap();
    let once = outbox.bytes;
    // Its commit had failed as far as anybody knew.
    outbox.commit(&[accept(1, "s", true, 1_000)], 0).unwrap();
    assert_eq!(outbox.bytes, once);
}

#[test]
fn a_later_versions_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let outbox = open(&path).unwrap();
    let writing = outbox.database.begin_write().unwrap();
    writing
        .open_table(META)
        .unwrap()
        .insert("format", FORMAT + 1)
        .unwrap();
    writing.commit().unwrap();
    drop(outbox);
    let refused = open(&path).unwrap_err();
    assert!(
        matches!(refused, OutboxError::Newer { found, known: FORMAT, .. } if found == FORMAT + 1),
        "{refused}"
    );
    let database = redb::Database::open(&path).unwrap();
    let reading = database.begin_read().unwrap();
    let meta = reading.open_table(META).unwrap();
    assert_eq!(meta.get("format").unwrap().unwrap().value(), FORMAT + 1);
}

/// Whatever is missing or wrong: it opens with what was committed, or is refused. It never panics,
/// and never becomes an empty outbox.
#[test]
fn a_file_that_was_cut_or_changed_is_refused_or_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let mut outbox = open(&path).unwrap();
    for seq in 1..=20 {
        outbox
            .commit(&[accept(seq, "s", seq % 2 == 0, 3_000)], 0)
            .unwrap();
    }
    drop(outbox);
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    let mut broken = Vec::new();
    for length in [1, 9, 100, 4_096, whole.len() / 2, whole.len() - 1] {
        broken.push(whole[..length].to_vec());
    }
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut changed = whole.clone();
        changed[at..]
            .iter_mut()
            .take(64)
            .for_each(|byte| *byte ^= 0x55);
        broken.push(changed);
    }
    for bytes in broken {
        std::fs::write(&path, &bytes).unwrap();
        let read = open(&path).and_then(|outbox| outbox.pending(0, "s", 0, 100, usize::MAX));
        match read {
            Ok(events) => assert_eq!(events.len(), 20),
            Err(error) => {
                refused += 1;
                assert!(!error.may_pass(), "{error}");
            }
        }
    }
    assert!(refused > 6, "{refused}");
}

#[test]
fn an_empty_file_and_one_without_tables_become_an_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let bare = folder.path().join("bare");
    drop(redb::Database::create(&bare).unwrap());
    for path in [empty, bare] {
        let mut outbox = open(&path).unwrap();
        outbox.commit(&[accept(1, "s", true, 10)], 0).unwrap();
        assert_eq!(waiting(&outbox), [1]);
    }
}

#[test]
fn a_place_that_cannot_be_written_may_pass() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let under_a_file = open(&file.join("outbox.redb")).unwrap_err();
    assert!(under_a_file.may_pass(), "{under_a_file}");
}

#[test]
fn for_lack_of_room_dead_letters_go_first_then_the_oldest_ordinary_events() {
    let folder = tempfile::tempdir().unwrap();
    let mut limits = StoredLimits::default();
    let room = cost(record::encode(&event(1, "s", true, 1_000), &[0]).len());
    limits.bytes = 4 * room + room / 2;
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    outbox
        .commit(
            &[
                accept(1, "a", true, 1_000),
                accept(2, "b", false, 1_000),
                accept(3, "a", false, 1_000),
                accept(4, "a", false, 1_000),
                Change::GiveUp {
                    place: Place {
                        endpoint: 0,
                        session: "a".into(),
                        seq: 3,
                    },
                    reason: "no".to_owned(),
                    attempts: 1,
                },
            ],
            0,
        )
        .unwrap();
    assert_eq!(outbox.dead(0, 0, 9).unwrap().len(), 1);
    let mut put_out = |seq, lifecycle| -> Vec<u64> {
        let put_out = outbox
            .commit(&[accept(seq, "c", lifecycle, 1_000)], 0)
            .unwrap();
        assert!(put_out.iter().all(|gone| gone.reason == PutOutReason::Full));
        put_out.iter().map(|gone| gone.place.seq).collect()
    };
    assert_eq!(put_out(5, true), [0; 0], "there was a dead letter");
    assert_eq!(put_out(6, true), [2]);
    assert_eq!(put_out(7, true), [4]);
    assert_eq!(put_out(8, false), [8], "it is the oldest ordinary event");
    assert_eq!(put_out(9, true), [1]);
    assert_eq!(outbox.dead(0, 0, 9).unwrap(), []);
    assert_eq!(waiting(&outbox), [5, 6, 7, 9]);
    assert_eq!(outbox.bytes, 4 * room);
}

#[test]
fn an_event_that_has_no_room_at_all_takes_none_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let limits = StoredLimits {
        bytes: 10_000,
        ..StoredLimits::default()
    };
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    let changes = [
        accept(1, "a", false, 1_000),
        accept(2, "b", true, 1_000),
        accept(3, "a", false, 10_000),
        accept(4, "a", true, 10_000),
    ];
    let put_out = outbox.commit(&changes, 0).unwrap();
    let put_out: Vec<_> = put_out
        .iter()
        .map(|gone| (gone.place.seq, gone.reason))
        .collect();
    assert_eq!(put_out, [(3, PutOutReason::Full), (4, PutOutReason::Full)]);
    assert_eq!(waiting(&outbox), [1, 2]);
    assert_eq!(outbox.next_seq(), 5);
}

#[test]
fn sessions_that_have_not_ended_are_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(&path(&folder)).unwrap();
    let step = |session: &str, step, sequence| Change::Session {
        session: session.into(),
        step,
        sequence,
    };
    let changes = [
        step("up", SessionStep::Begins, Some(0)),
        step("over", SessionStep::Begins, Some(0)),
        step("ended", SessionStep::Begins, None),
        // Its number in its session is 20.
        accept(25, "up", false, 10),
        step("over", SessionStep::Concludes, Some(7)),
        step("ended", SessionStep::Ends, None),
        step("unknown", SessionStep::Concludes, Some(1)),
    ];
    let accepted = event(25, "up", false, 10).accepted;
    outbox.commit(&changes, 1_000).unwrap();
    drop(outbox);
    let open = open(&path(&folder)).unwrap().open_sessions(9).unwrap();
    let known = |session: &str, sequence, is_concluded, last| OpenSession {
        session_id: session.into(),
        sequence: Some(sequence),
        is_concluded,
        began: 1_000,
        last,
    };
    let expected = [
        known("over", 7, true, 1_000),
        known("up", 20, false, accepted),
    ];
    assert_eq!(open, expected);
}

#[test]
fn what_is_too_old_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let limits = StoredLimits {
        age: Duration::from_secs(10),
        ..StoredLimits::default()
    };
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    outbox
        .commit(
            &[
                accept(1, "a", true, 1),
                accept(2, "b", false, 1),
                accept(3, "b", false, 1),
            ],
            0,
        )
        .unwrap();
    let accepted = event(1, "a", true, 1).accepted;
    assert_eq!(outbox.expire(accepted + 10_000, 9).unwrap(), []);
    let mut expired = |most| -> Vec<u64> {
        let expired = outbox.expire(accepted + 10_001, most).unwrap();
        assert!(
            expired
                .iter()
                .all(|gone| gone.reason == PutOutReason::TooOld)
        );
        expired.iter().map(|gone| gone.place.seq).collect()
    };
    assert_eq!(expired(2), [2, 3]);
    assert_eq!(expired(2), [1]);
    assert_eq!(waiting(&outbox), [0; 0]);
    assert_eq!(outbox.bytes, 0);
}

fn delivered(seq: u64, session: &str) -> Change {
    Change::Delivered {
        place: Place {
            endpoint: 0,
            session: session.into(),
            seq,
        },
        attempts: 2,
    }
}

fn browsed(outbox: &StoredOutbox, state: EventState) -> Vec<u64> {
    let page = outbox.browse(0, state, 0, usize::MAX, usize::MAX).unwrap();
    page.events.iter().map(|kept| kept.event.seq).collect()
}

#[test]
fn the_newest_delivered_events_are_kept_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut limits = StoredLimits {
        delivered: 2,
        ..StoredLimits::default()
    };
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    for seq in 1..=3 {
        outbox.commit(&[accept(seq, "s", true, 10)], 0).unwrap();
        outbox.commit(&[delivered(seq, "s")], 7).unwrap();
    }
    assert_eq!(browsed(&outbox, EventState::Delivered), [2, 3]);
    drop(outbox);
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    let page = outbox.browse(0, EventState::Delivered, 3, 9, 9).unwrap();
    assert_eq!((page.events[0].attempts, page.events[0].at), (2, Some(7)));
    outbox
        .commit(&[accept(4, "s", true, 10), delivered(4, "s")], 0)
        .unwrap();
    assert_eq!(browsed(&outbox, EventState::Delivered), [3, 4]);
    limits.delivered = 0;
    drop(outbox);
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    outbox
        .commit(&[accept(5, "s", true, 10), delivered(5, "s")], 0)
        .unwrap();
    assert_eq!(browsed(&outbox, EventState::Delivered), [3, 4]);
}

#[test]
fn for_lack_of_room_delivered_events_go_before_dead_letters() {
    let folder = tempfile::tempdir().unwrap();
    let mut limits = StoredLimits::default();
    let room = cost(record::encode(&event(1, "s", true, 1_000), &[0]).len());
    limits.bytes = 2 * room + room / 2;
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    let place = Place {
        endpoint: 0,
        session: "s".into(),
        seq: 1,
    };
    let reason = "no".to_owned();
    let dead = Change::GiveUp {
        place,
        reason,
        attempts: 1,
    };
    let changes = [accept(1, "s", true, 1_000), dead];
    outbox.commit(&changes, 0).unwrap();
    let changes = [accept(2, "s", true, 1_000), delivered(2, "s")];
    outbox.commit(&changes, 0).unwrap();
    assert_eq!(outbox.bytes, 2 * room);
    let put_out = outbox.commit(&[accept(3, "s", true, 1_000)], 0).unwrap();
    assert_eq!(put_out, []);
    assert_eq!(browsed(&outbox, EventState::Delivered), [0; 0]);
    assert_eq!(browsed(&outbox, EventState::Dead), [1]);
    assert_eq!(outbox.dead_letters(0), 1);
}

#[test]
fn what_waits_again_is_in_its_old_place_with_the_time_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = open(&path(&folder)).unwrap();
    let changes = [
        accept(1, "s", true, 10),
        accept(2, "s", true, 10),
        delivered(1, "s"),
    ];
    outbox.commit(&changes, 0).unwrap();
    let again = Change::Redeliver {
        endpoint: 0,
        seq: 1,
    };
    outbox.commit(&[again.clone(), again], 99).unwrap();
    drop(outbox);
    let mut outbox = open(&path(&folder)).unwrap();
    let waits = outbox.pending(0, "s", 0, 9, 9_999).unwrap();
    let waits: Vec<_> = waits
        .iter()
        .map(|event| (event.seq, event.accepted))
        .collect();
    assert_eq!(waits, [(1, 99), (2, event(2, "s", true, 0).accepted)]);
    assert_eq!(outbox.waiting(0).unwrap(), 2);
    // Once it has left, nothing of it stays.
    outbox.commit(&[delivered(1, "s")], 0).unwrap();
    let again = outbox.read(|reading| reading.open_table(AGAIN)?.len().map_err(Into::into));
    assert_eq!(again.unwrap(), 0);
}

#[test]
fn the_first_files_of_this_format_get_the_tables_that_they_lack() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let mut outbox = open(&path).unwrap();
    outbox.endpoint("a").unwrap();
    outbox.commit(&[accept(1, "s", true, 10)], 0).unwrap();
    drop(outbox);
    let database = redb::Database::open(&path).unwrap();
    let writing = database.begin_write().unwrap();
    assert!(writing.delete_table(DELIVERED).unwrap());
    assert!(writing.delete_table(AGAIN).unwrap());
    writing.commit().unwrap();
    drop(database);
    let reader = super::super::StoredReader::open(&path).unwrap();
    let page = super::super::Page {
        endpoint: 0,
        from: 0,
        most: 9,
        bytes: 9_999,
    };
    for (state, count) in EventState::ALL.into_iter().zip([1, 0, 0]) {
        assert_eq!(reader.browse(state, &page).unwrap().events.len(), count);
    }
    drop(reader);
    let mut outbox = open(&path).unwrap();
    outbox.commit(&[delivered(1, "s")], 0).unwrap();
    assert_eq!(browsed(&outbox, EventState::Delivered), [1]);
}

#[test]
fn whoever_reads_keeps_nobody_from_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let mut outbox = open(&path).unwrap();
    outbox.endpoint("a").unwrap();
    drop(outbox);
    let reader = super::super::StoredReader::open(&path).unwrap();
    let mut outbox = open(&path).unwrap();
    outbox.commit(&[accept(1, "s", true, 10)], 0).unwrap();
    assert_eq!(reader.counts(0).unwrap(), (1, 0));
}

/// The machine's clock was ahead by years for a while.
#[test]
fn what_came_in_the_future_gets_as_old_as_the_rest() {
    const AGE: i64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let limits = StoredLimits {
        age: Duration::from_millis(10_000),
        ..StoredLimits::default()
    };
    let mut outbox = StoredOutbox::open(path(&folder), limits).unwrap();
    let at = |seq, accepted| {
        let mut event = event(seq, "s", false, 1);
        event.accepted = accepted;
        Change::Accept {
            event,
            endpoints: vec![0],
        }
    };
    const NOW: i64 = 1_000_000_000;
    let ahead = NOW.saturating_mul(400);
    let changes = [at(1, ahead), at(2, ahead), at(3, NOW), at(4, NOW + AGE)];
    outbox.commit(&changes, NOW).unwrap();
    let bytes = outbox.bytes;
    assert_eq!(outbox.expire(NOW, 9).unwrap(), []);
    assert_eq!(waiting(&outbox), [1, 2, 3, 4]);
    assert_eq!(outbox.bytes, bytes);
    assert_eq!(outbox.expire(NOW + AGE, 9).unwrap(), []);
    let expired = outbox.expire(NOW + AGE + 1, 9).unwrap();
    let expired: Vec<u64> = expired.iter().map(|gone| gone.place.seq).collect();
    assert_eq!(expired, [1, 2, 3]);
    assert_eq!(waiting(&outbox), [4]);
}
