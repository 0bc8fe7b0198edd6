"""The field's words in plain words, shared by pages (`{% term %}`) and documentation.

Keys are lower case. A meaning is one or two sentences that a newcomer understands; where two
words are often mixed up it says the difference.
"""

GLOSSARY = {
    "accountable": "The one person who answers for an area, with a deputy and a term.",
    "acknowledge": "To say “I have it”: the alert stops calling further people. It does not say "
    "that anything is mended.",
    "act": "Something a person did here, recorded once and for ever: who, what, on what, with "
    "whom.",
    "alert": "A message that a rule's condition holds now. It may page somebody; it ends when the "
    "condition ends.",
    "anomaly": "A value outside what is usual for this hour and day. Unusual is not yet wrong.",
    "backout": "The prepared way back if a change does not do what it should.",
    "baseline": "What is usual: the values expected at this hour and day, drawn as a band.",
    "board": "The tasks of an incident: what is to be done, who does it, what came of it.",
    "break-glass": "To act without the go-ahead that is normally needed because waiting is worse. "
    "Everybody who may know is told, and it is looked back on without blame.",
    "burn rate": "How fast an error budget is being used up. 1 uses it up exactly at the end of "
    "its period; 14 uses 2 % of a month's budget in an hour.",
    "caretaker": "Who looks after one component: its changes, documents, what is reported.",
    "change": "A deliberate alteration of a running system: a deployment, a setting, a repair.",
    "commitment": "Who does what by when, offered by one side and acknowledged by the other.",
    "component": "A part of the system that somebody owns and that can fail: a service, a "
    "database, a host, a queue.",
    "conformance": "Whether a component keeps what a standard asks, found out by its checks.",
    "countersign": "To put one's name beside another's: a second person read it and stands by it.",
    "coverage": "Which parts of the system are watched by rules and charts, and which by nobody.",
    "currency": "Whether somebody has done a kind of act recently enough to do it alone.",
    "dashboard": "A page of charts that answers one question about a system.",
    "debrief": "One line each from learner and guide about how a guided act went.",
    "declare": "To say that something is an incident, so that people, roles and a record gather "
    "around it. Too early is better than too late.",
    "dependency": "A component that another one needs in order to work.",
    "deployment": "A new version of a component put into service.",
    "design decision": "How a part of the system is built from now on, and what was considered "
    "instead.",
    "drill": "Practice on a staged fault. Counts as practice, harms nobody.",
    "duty": "One line of the ladder: something a person at a level does in an area.",
    "error budget": "How much failure an objective allows. 99.9 % of a month leaves about 43 "
    "minutes.",
    "escalation": "Whom a page goes to next when nobody acknowledges it in time.",
    "evidence": "An act with its outcome and a witness that shows a duty has been done.",
    "exemption": "Leave for one component to be without what a standard asks, until a date.",
    "false alarm": "An alert while nothing was wrong. Many of them teach people to look away.",
    "fingerprint": "What makes two messages the same alert: its set of labels.",
    "fix": "Something done to end or lessen the harm, with the signal that it should move. Listed "
    "workarounds are routine; what nobody listed is done with the lead.",
    "gap": "Something that could fail without anybody noticing.",
    "go-ahead": "A guide's “yes, as previewed” to an act that somebody may not yet do alone.",
    "grouping": "Showing alerts with a common cause as one, so that one fault pages once.",
    "growth sheet": "One page about where somebody stands, for a conversation between two people.",
    "guide": "A person who may do an act alone and stands by while somebody else does it.",
    "handover": "Passing a seat on with what the next person must know; it counts once accepted.",
    "heartbeat": "A signal expected at regular times. What alerts is its absence.",
    "hypothesis": "A possible cause, stated so that it can be shown wrong.",
    "impact": "What users and others notice of a fault: whom, what, since when.",
    "incident": "A fault that harms users or soon will, worked on by people with named roles.",
    "incident lead": "The one person who decides and coordinates in an incident. Others do the "
    "work.",
    "inhibition": "Keeping an alert quiet because another one already explains it.",
    "investigation": "Finding out why, together: a question with an owner, hypotheses that are "
    "put to the test, and a conclusion that follows from them.",
    "label": "A name and value that says what a series or alert is about, such as instance=web-4.",
    "ladder": "The duties of each level in each area, and what a person has shown of them.",
    "latency": "How long an answer takes. p95 is the time that 95 of 100 answers stay under.",
    "ledger": "The record that every act is written to. Nothing in it is changed or removed; a "
    "mistake is corrected by a further line.",
    "log": "Lines that programs write about what they do.",
    "maintenance window": "An agreed time in which a change is made and its alerts stay quiet.",
    "measure": "The number chosen beforehand by which one sees afterwards whether work helped.",
    "metric": "A number measured again and again: requests, errors, free disk.",
    "missed": "Users were harmed and no rule told of it.",
    "mitigate": "To stop the harm, though the cause may remain. Comes before understanding.",
    "on-call": "Being the person who is paged, for a set time.",
    "oversight": "A lead looks at each critical analysis against a list of what makes it complete.",
    "page": "A message that asks a person to act now: a call, a push, a mail.",
    "pairing": "Somebody guides somebody else for a while, on named duties, by a plan.",
    "placement": "The level a person is placed at in an area. It decides what they do alone.",
    "position": "What somebody holds of a proposal, with the incidents and charts it rests on.",
    "postmortem": "Another word for a post-incident review.",
    "promql": "The query language of Prometheus. rate(http_requests_total[5m]) is requests a "
    "second.",
    "proposal": "A suggestion for how something is done or watched, decided with a reason.",
    "protocol": "The checklist that an investigation follows, so that it does not stop at the "
    "first answer.",
    "provisional": "Holds for now and needs somebody's acceptance to go on holding.",
    "resolve": "To end an alert or incident because its condition or harm has ended.",
    "responder": "A person who holds a seat in an incident and does part of the work.",
    "retrospective": "Looking back on a time, such as a watch: what was seen, what should change.",
    "review": "Looking back together at what happened: conditions and decisions, never blame.",
    "rollback": "Putting the version before back into service.",
    "root cause": "What, had it been otherwise, would have prevented the fault. There are mostly "
    "several.",
    "rule": "A query with a condition; while it holds an alert fires.",
    "runbook": "A written procedure in steps, each with its check, for a situation that comes "
    "again.",
    "scrape": "Fetching a program's metrics from its address at regular times.",
    "seat": "A named responsibility that one person holds at a time and hands over.",
    "self-assessment": "How somebody sees themselves on a duty. Theirs alone until they share it.",
    "series": "The values over time of one metric with one set of labels.",
    "severity": "How bad an incident is for users. SEV 1 is the worst.",
    "sign-off": "A senior's statement that a duty has been shown; always by a person.",
    "silence": "Keeping matching alerts from paging until a set time. They are still shown.",
    "sli": "Service level indicator: the share of events that were good, measured.",
    "slo": "Service level objective: the share of events that should be good, agreed on.",
    "standard": "A rule of the team with a check that can be run for each component.",
    "status page": "What users are told about faults and planned work.",
    "systemic": "Altering what made a fault possible, not only the one fault.",
    "threshold": "The value beyond which a rule's condition holds.",
    "tier": "How much harm a mistake could do: routine, moderate or critical.",
    "timeline": "What happened and who did what, in order. Written by the acts themselves.",
    "toil": "Manual work that comes again and leaves nothing behind. A candidate for automation.",
    "tour": "A way over live pages with a question at each stop. Whoever guides sees the answers.",
    "two keys": "Two people one level below who together stand in for a missing senior.",
    "under instruction": "Holding a seat while learning: same pages, a guide within reach.",
    "waiver": "A duty left out of account for somebody because the team has no such work.",
    "watch": "A set time during which somebody looks after the systems and is paged.",
    "watch bill": "Who stands which watch, and who backs them.",
    "watch round": "A checklist over live values: the page takes each value itself, the person "
    "says what it means, and a guide checks one of them.",
    "witness": "Somebody who took part in an act or received its result and can say it was done.",
    "workaround": "A way to keep working although the fault remains.",
}
