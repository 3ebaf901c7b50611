/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The commit protocol: one deployment of NODES nodes, MACHINES machines that can hold one reservation each, a rival who
 * wants the same machines, and a network that loses, repeats and reorders. docs/commit-protocol.md says which code each
 * part stands for, and tests/model/check_commit.py checks it, and that each MUTANT of it is found to be wrong.
 *
 * A message is a bit in a set: sets[machine and node] has one bit for each attempt. So messages have no order, none is
 * ever too old to arrive, and a repeated one is one whose bit stays. Time-outs may come at any moment. */

#ifndef MACHINES
#define MACHINES 2
#endif
#ifndef NODES
#define NODES 1
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef REPEATS
#define REPEATS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef REBOOTS
#define REBOOTS 1
#endif
#ifndef RIVALS
#define RIVALS 1
#endif

#define PLACES (MACHINES * NODES)
#define PLACE(machine, node) ((machine) * NODES + (node))
#define BIT(attempt) (1 << (attempt))
#define HAS(set, attempt) (((set) & BIT(attempt)) != 0)
#define ADD(set, attempt) set = set | BIT(attempt)
#define REMOVE(set, attempt) set = set & (255 - BIT(attempt))

/* What a machine has of a node. */
#define NOTHING 0
#define COMMITTED 1
#define ALLOCATED 2
#define STARTED 3

/* What is stored of a deployment. */
#define PREPARING 0
#define COMMITTING 1
#define PROVISIONING 2
#define RUNNING 3
#define SHUTTING_DOWN 4
#define FAILED 5
#define COMPLETED 6

/* What the orchestrator does now; lost by a crash. */
#define IDLE 0
#define AWAITS_COMMITS 1
#define AWAITS_ALLOCATIONS 2
#define AWAITS_STARTS 3
#define AWAITS_REVERTS 4

/* --- messages under way, by place, bits by attempt --- */
byte asked[MACHINES];
byte commits[PLACES], allocates[PLACES], starts[PLACES], reverts[PLACES];
byte committed[PLACES], allocated[PLACES], started[PLACES], reverted[PLACES];

/* --- machines: database --- */
byte state[PLACES];
byte attempt_of[PLACES];
bool lease_over[PLACES];
bool rival[MACHINES];
/* --- machines: memory --- */
/* The attempt whose request was answered; 0: none. */
byte offer[MACHINES];
bool unsure[PLACES];

/* --- orchestrator: database --- */
byte status = PREPARING;
byte attempt;
byte stored_machine[NODES];
bool stored_touched[NODES];
byte late[PLACES];
/* --- orchestrator: memory --- */
bool up = true;
byte doing = IDLE;
byte goal;
byte machine[NODES];
bool touched[NODES];
bool has_handle[NODES];
byte answered;

/* --- what may still go wrong --- */
byte losses = LOSSES, repeats = REPEATS, crashes = CRASHES, reboots = REBOOTS, rivals = RIVALS;
bool may_cancel = true, calm;
bool cancelled;
#ifdef SWEEP_ONCE
/* Those of the first minute are over. */
byte sweeps = 0;
#endif

/* --- for the properties alone: the newest attempt whose revert a machine has done --- */
byte done_revert[PLACES];

#define ALL ((1 << NODES) - 1)
#define IS_WANTED(i) (touched[(i) % NODES] && machine[(i) % NODES] == (i) / NODES)
#if NODES > 1
#define NONE_TOUCHED (!touched[0] && !touched[1])
#else
#define NONE_TOUCHED (!touched[0])
#endif
#define IS_OVER (status == FAILED || status == COMPLETED)
#define HOLDS(place) (state[place] >= ALLOCATED || (state[place] == COMMITTED && !lease_over[place]))

#ifdef ALLOCATE_EXPIRED
#define LEASE_COUNTS(i) true
#else
#define LEASE_COUNTS(i) (!lease_over[i])
#endif
#ifdef START_ANY
#define IS_START_OF(i, a) true
#else
#define IS_START_OF(i, a) (attempt_of[i] <= a)
#endif
#ifdef REVERT_ANY
#define IS_REVERT_OF(i, a) true
#else
#define IS_REVERT_OF(i, a) (attempt_of[i] <= a)
#endif

/* What is older than the newest request that was answered is late. */
#ifdef OFFER_ANY
#define IS_NEW(i, a) true
#define IS_ALLOCATE_OF(i, a) true
#else
#define IS_NEW(i, a) (a >= offer[i / NODES])
#define IS_ALLOCATE_OF(i, a) (attempt_of[i] == a)
#endif

hidden byte a, k, n, holders;

/* One of the attempts of a set that is not empty. */
inline pick(set)
{
    if
    :: HAS(set, 1) -> a = 1
    :: HAS(set, 2) -> a = 2
    :: HAS(set, 3) -> a = 3
    fi
}

inline count_holders(here)
{
    holders = rival[here];
    for (k : 0 .. NODES - 1) {
        if
        :: HOLDS(PLACE(here, k)) -> holders++
        :: else -> skip
        fi
    }
}

inline save()
{
    for (k : 0 .. NODES - 1) {
        stored_machine[k] = machine[k];
        stored_touched[k] = touched[k]
    }
}

/* Answers to an earlier step are not listened to (dms_deployment_call_is_current). */
inline next_step()
{
    answered = 0;
    for (k : 0 .. PLACES - 1) {
        committed[k] = 0; allocated[k] = 0; started[k] = 0
    }
}

/* dms_deployment_revert */
inline begin_revert(what_then)
{
    next_step();
    doing = AWAITS_REVERTS;
    goal = what_then;
    for (k : 0 .. NODES - 1) {
        if
#ifdef REVERT_ANSWERED
        :: touched[k] && !has_handle[k] -> touched[k] = false
        :: touched[k] && has_handle[k] -> ADD(reverts[PLACE(machine[k], k)], attempt)
#else
        :: touched[k] -> ADD(reverts[PLACE(machine[k], k)], attempt)
#endif
        :: else -> skip
        fi
    }
}

inline begin_starts()
{
    next_step();
    doing = AWAITS_STARTS;
    for (k : 0 .. NODES - 1) {
        ADD(starts[PLACE(machine[k], k)], attempt)
    }
}

/* The machine was asked for a bid, and its bid was chosen. */
inline choose(node)
{
    if
    :: machine[node] = 0
#if MACHINES > 1
    :: machine[node] = 1
#endif
#if MACHINES > 2
    :: machine[node] = 2
#endif
    fi;
    touched[node] = true;
    has_handle[node] = false;
    offer[machine[node]] = attempt;
    ADD(asked[machine[node]], attempt)
}

active proctype orchestrator()
{
end:
    do
    /* dms_deployment_collect_bids, dms_deployment_commit */
    :: atomic {
        up && status == PREPARING && doing == IDLE && attempt < ATTEMPTS ->
        attempt++;
        choose(0);
#if NODES > 1
        choose(1);
#endif
        status = COMMITTING;
#ifndef SAVE_LATE
        save();
#endif
        next_step();
        doing = AWAITS_COMMITS;
        for (k : 0 .. NODES - 1) {
            ADD(commits[PLACE(machine[k], k)], attempt)
        }
    }
    :: atomic { up && status == PREPARING && doing == IDLE && attempt == ATTEMPTS -> begin_revert(FAILED) }
    :: atomic {
        up && doing == AWAITS_COMMITS && answered == ALL ->
        next_step();
        doing = AWAITS_ALLOCATIONS;
        for (k : 0 .. NODES - 1) {
            ADD(allocates[PLACE(machine[k], k)], attempt)
        }
    }
    :: atomic {
        up && doing == AWAITS_ALLOCATIONS && answered == ALL ->
        status = PROVISIONING;
        save();
        begin_starts()
    }
    :: atomic { up && doing == AWAITS_STARTS && answered == ALL -> next_step(); status = RUNNING; doing = IDLE; save() }

    /* A machine refuses, or its answer does not come. */
    :: atomic {
        up && (doing == AWAITS_COMMITS || doing == AWAITS_ALLOCATIONS || doing == AWAITS_STARTS) && answered != ALL ->
#ifndef REVERT_UNSAVED
        /* A restart must not go on with what is being taken back (dms_deployment_retry). */
        status = PREPARING;
        save();
#endif
        begin_revert(PREPARING)
    }
    :: atomic {
        up && doing == AWAITS_REVERTS && NONE_TOUCHED ->
        status = goal; goal = 0; doing = IDLE; save()
    }

    /* Cancelled, at any moment. */
    :: atomic {
        up && may_cancel && !calm && !IS_OVER ->
        may_cancel = false;
        cancelled = true;
        status = SHUTTING_DOWN;
        save();
        begin_revert(COMPLETED)
    }

    /* SIGKILL: what was not stored is forgotten. */
    :: atomic {
        up && crashes > 0 && !calm ->
        crashes--;
        up = false;
        next_step();
        doing = IDLE; goal = 0;
        for (k : 0 .. NODES - 1) {
            machine[k] = stored_machine[k];
            touched[k] = stored_touched[k];
            has_handle[k] = status == PROVISIONING || status == RUNNING
        }
    }
    /* dms_deployment_start of what was restored. */
    :: atomic {
        !up ->
        up = true;
        if
        :: status == PREPARING || status == COMMITTING -> begin_revert(PREPARING)
        :: status == PROVISIONING -> begin_starts()
        :: status == SHUTTING_DOWN -> begin_revert(COMPLETED)
        :: else -> skip
        fi
    }
    od
}

/* An answer of the machine of a node. */
proctype answers(byte node)
{
end:
    do
    :: atomic {
        up && doing == AWAITS_COMMITS && HAS(committed[PLACE(machine[node], node)], attempt) ->
        REMOVE(committed[PLACE(machine[node], node)], attempt);
        answered = answered | BIT(node)
    }
    :: atomic {
        up && doing == AWAITS_ALLOCATIONS && HAS(allocated[PLACE(machine[node], node)], attempt) ->
        REMOVE(allocated[PLACE(machine[node], node)], attempt);
        has_handle[node] = true;
        answered = answered | BIT(node)
    }
    :: atomic {
        up && doing == AWAITS_STARTS && HAS(started[PLACE(machine[node], node)], attempt) ->
        REMOVE(started[PLACE(machine[node], node)], attempt);
        answered = answered | BIT(node)
    }
    :: atomic {
        up && doing == AWAITS_REVERTS && touched[node] && HAS(reverted[PLACE(machine[node], node)], attempt) ->
        REMOVE(reverted[PLACE(machine[node], node)], attempt);
        touched[node] = false; has_handle[node] = false
    }
    /* No answer in time: dms_deployment_leave_behind. */
    :: atomic {
        up && doing == AWAITS_REVERTS && touched[node] ->
#ifndef NO_LATE_REVERTS
        late[PLACE(machine[node], node)] = attempt;
#endif
        touched[node] = false; has_handle[node] = false
    }
    od
}

/* dms_late_reverts: until it is answered, or the machine is wanted for the same node again. */
proctype late_reverts(byte i)
{
end:
    do
#ifdef SUPERSEDE_BY_MACHINE
    :: atomic { up && late[i] != 0 && ((touched[0] && machine[0] == i / NODES) ||
                                       (touched[NODES - 1] && machine[NODES - 1] == i / NODES)) -> late[i] = 0 }
#else
    :: atomic { up && late[i] != 0 && IS_WANTED(i) -> late[i] = 0 }
#endif
    :: atomic {
        up && late[i] != 0 && !IS_WANTED(i) && !HAS(reverts[i], late[i]) && !HAS(reverted[i], late[i]) ->
        ADD(reverts[i], late[i])
    }
    :: atomic { up && late[i] != 0 && HAS(reverted[i], late[i]) -> REMOVE(reverted[i], late[i]); late[i] = 0 }
    od
}

/* A message arrives; it may arrive again. */
inline receive(set)
{
    pick(set);
    if
    :: REMOVE(set, a)
    :: repeats > 0 && !calm -> repeats--
    fi
}

inline give_back()
{
    state[i] = NOTHING; attempt_of[i] = 0; lease_over[i] = false; unsure[i] = false
}

/* What a machine does about a node. */
proctype place(byte i)
{
end:
    do
    /* on_commit */
    :: atomic {
        commits[i] != 0 ->
        receive(commits[i]);
        count_holders(i / NODES);
        if
        :: offer[i / NODES] == 0 || !IS_NEW(i, a) -> skip
        :: else ->
            if
            /* Again, because its answer was lost. */
            :: state[i] == COMMITTED && !lease_over[i] ->
                if
                :: a >= attempt_of[i] -> attempt_of[i] = a; ADD(committed[i], a)
                :: else -> skip
                fi
            :: (state[i] == NOTHING || (state[i] == COMMITTED && lease_over[i])) && holders == 0 ->
                state[i] = COMMITTED; attempt_of[i] = a; lease_over[i] = false;
                ADD(committed[i], a)
            :: else -> skip
            fi
        fi
    }
    /* on_allocate */
    :: atomic {
        allocates[i] != 0 ->
        receive(allocates[i]);
        if
        :: offer[i / NODES] != 0 && IS_ALLOCATE_OF(i, a) && state[i] == COMMITTED && LEASE_COUNTS(i) ->
            state[i] = ALLOCATED;
            lease_over[i] = false;
            count_holders(i / NODES);
            /* At most one owner. */
            assert (holders <= 1);
            ADD(allocated[i], a)
        :: offer[i / NODES] != 0 && IS_ALLOCATE_OF(i, a) && state[i] >= ALLOCATED -> ADD(allocated[i], a)
        :: else -> skip
        fi
    }
    /* on_start */
    :: atomic {
        starts[i] != 0 ->
        receive(starts[i]);
        if
        :: state[i] >= ALLOCATED && IS_START_OF(i, a) ->
            /* No start after the revert of its attempt. */
            assert (a > done_revert[i]);
            state[i] = STARTED;
            ADD(started[i], a)
        :: else -> skip
        fi
    }
    /* on_revert */
    :: atomic {
        reverts[i] != 0 ->
        receive(reverts[i]);
#ifndef REVERT_KEEPS_OFFER
        if
        :: offer[i / NODES] <= a -> offer[i / NODES] = 0
        :: else -> skip
        fi;
#endif
        if
        :: a > done_revert[i] -> done_revert[i] = a
        :: else -> skip
        fi;
        if
        :: state[i] != NOTHING && IS_REVERT_OF(i, a) -> give_back()
        :: else -> skip
        fi;
        ADD(reverted[i], a)
    }
    /* A lease ends, and with it the offer; what is left of it is cleared away later (sweep_commits). */
    :: atomic { state[i] == COMMITTED && !lease_over[i] -> lease_over[i] = true; offer[i / NODES] = 0 }
#ifdef SWEEP_ONCE
    :: atomic { state[i] == COMMITTED && lease_over[i] && sweeps > 0 -> sweeps--; give_back() }
#else
    :: atomic { state[i] == COMMITTED && lease_over[i] -> give_back() }
#endif
    /* handle_state; a deployment that is over does not answer. */
    :: atomic { unsure[i] && up && !IS_OVER && IS_WANTED(i) -> unsure[i] = false }
    :: atomic { unsure[i] && up && !IS_OVER && !IS_WANTED(i) -> give_back() }

    :: atomic {
        losses > 0 && !calm && (commits[i] | allocates[i] | starts[i] | reverts[i] | reverted[i]) != 0 ->
        losses--;
        if
        :: commits[i] != 0 -> pick(commits[i]); REMOVE(commits[i], a)
        :: allocates[i] != 0 -> pick(allocates[i]); REMOVE(allocates[i], a)
        :: starts[i] != 0 -> pick(starts[i]); REMOVE(starts[i], a)
        :: reverts[i] != 0 -> pick(reverts[i]); REMOVE(reverts[i], a)
        :: reverted[i] != 0 -> pick(reverted[i]); REMOVE(reverted[i], a)
        fi
    }
    od
}

proctype world(byte here)
{
    byte i;

end:
    do
    /* SIGKILL of a daemon, and its next start: leases end (balance), allocations are taken up, and their orchestrator is
     * asked whether it wants them. */
    :: atomic {
        reboots > 0 && !calm ->
        reboots--;
        offer[here] = 0;
        for (n : 0 .. NODES - 1) {
            i = PLACE(here, n);
            if
            :: state[i] == COMMITTED -> give_back()
            :: state[i] >= ALLOCATED -> unsure[i] = true
            :: else -> skip
            fi
        }
        i = 0
    }
    /* A request comes again, by gossip. */
    :: atomic { repeats > 0 && !calm && asked[here] != 0 && offer[here] == 0 -> repeats--; pick(asked[here]); offer[here] = a }
    /* Somebody else's reservation, for a while. */
    :: atomic {
        rivals > 0 && !calm && !rival[here] ->
        rivals--;
        count_holders(here);
        rival[here] = holders == 0
    }
    :: atomic { rival[here] -> rival[here] = false }
    od
}

/* From some moment on nothing more goes wrong; before, anything may. */
active proctype weather()
{
    calm = true
}

/* When nothing can happen any more: no deadlock, no leaked commit or allocation, nothing left of what was cancelled. */
active proctype judge()
{
    atomic {
        timeout ->
        assert (up && (IS_OVER || status == RUNNING));
        assert (!cancelled || status == COMPLETED);
        for (k : 0 .. PLACES - 1) {
            assert (late[k] == 0);
            if
            :: status == RUNNING && IS_WANTED(k) -> assert (state[k] == STARTED && attempt_of[k] == attempt)
            :: else -> assert (state[k] == NOTHING)
            fi
        }
    }
}

init {
    atomic {
        for (n : 0 .. PLACES - 1) {
            run place(n);
            run late_reverts(n)
        }
        for (n : 0 .. NODES - 1) {
            run answers(n)
        }
        for (n : 0 .. MACHINES - 1) {
            run world(n)
        }
    }
}

#ifdef EVENTUALLY
#define TIDY(i) (state[i] == NOTHING || (state[i] == STARTED && status == RUNNING && IS_WANTED(i)))
/* The same without the judge: whatever happens, it is over some day, as long as all take their turns. */
ltl settles { <> [] (up && (IS_OVER || status == RUNNING) && TIDY(0) && TIDY(PLACES - 1)) }
#endif
