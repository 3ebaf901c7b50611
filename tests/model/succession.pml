/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which orchestrator leads (docs/succession.md): two orchestrators and a witness, who only votes. Time passes in
 * steps; a member is bound to whom it heard of for LEASE steps, an orchestrator relies on that for HOLD steps
 * from when it asked. Messages are delayed for as long as they like, or lost. A node that is started again knows
 * what it has stored, and when it was started.
 *
 * Held: no two act at a time; whoever comes to act knows every state that a majority has had. */

#define N       3
#define WITNESS 2
#define NOBODY  3
#ifndef LEASE
#define LEASE 2
#endif

#ifdef HOLD_LONG
#define HOLD (LEASE + 1)
#else
#define HOLD (LEASE - 1)
#endif

/* What is between an orchestrator and a member: one question at a time, or the answer to it. */
#define NOTHING 0
#define RENEW   1
#define VOTE    2
#define AGREED  3
#define VOTED   4
#define REFUSED 5

#define FOLLOWS 0
#define HALTED  1
#define LEADS   2

typedef Node
{
  /* Stored. */
  byte term;
  byte leader;
  byte promised;
  byte promised_to;
  byte version;
  /* Not stored. */
  byte heard;
  byte role;
  byte candidate;
  byte asked;
  bool votes[N];
  /* One more than when the question was sent that was agreed to; 0: none. */
  byte held[N];
  byte has[N];
};

typedef Slot
{
  byte kind;
  byte term;
  byte version;
  byte sent;
};

Node node[N];
Slot slot[6];
byte now = 0;
byte n_crashes = 0;
byte n_written = 0;
/* The newest state that a majority has, or had. */
byte safe = 0;

#define SLOT(l, v) slot[(l) * N + (v)]
/* Who has promised a newer term, to itself or to another, does not count on itself in the last one. */
#ifdef SELF_ALWAYS
#define COUNTS_ITSELF(l) true
#else
#define COUNTS_ITSELF(l) (node[l].promised <= node[l].term)
#endif
#define HOLDS(l, v) \
  (((l) == (v) && COUNTS_ITSELF (l)) || ((l) != (v) && node[l].held[v] > 0 && now < node[l].held[v] - 1 + HOLD))
#define N_HELD(l) ((HOLDS (l, 0) -> 1 : 0) + (HOLDS (l, 1) -> 1 : 0) + (HOLDS (l, 2) -> 1 : 0))
#define ACTS(l) (node[l].role == LEADS && N_HELD (l) >= 2)
#define HAS(l, v) (((l) == (v) && COUNTS_ITSELF (l)) || ((l) != (v) && node[l].held[v] > 0 && node[l].has[v] >= node[l].version))
#define N_HAVE(l) ((HAS (l, 0) -> 1 : 0) + (HAS (l, 1) -> 1 : 0) + (HAS (l, 2) -> 1 : 0))
#define N_VOTES(l) ((node[l].votes[0] -> 1 : 0) + (node[l].votes[1] -> 1 : 0) + (node[l].votes[2] -> 1 : 0))
#define NEWEST_TERM(n) (node[n].term > node[n].promised -> node[n].term : node[n].promised)
#ifdef NO_BIND
#define IS_BOUND(v) false
#else
#define IS_BOUND(v) (now < node[v].heard + LEASE)
#endif

inline note_safe (l)
{
  if
  :: node[l].role == LEADS && N_HAVE (l) >= 2 && node[l].version > safe -> safe = node[l].version
  :: else
  fi
}

inline forget_peers (l)
{
  node[l].held[0] = 0;
  node[l].held[1] = 0;
  node[l].held[2] = 0;
  node[l].has[0] = 0;
  node[l].has[1] = 0;
  node[l].has[2] = 0
}

inline clear_votes (l)
{
  node[l].votes[0] = false;
  node[l].votes[1] = false;
  node[l].votes[2] = false
}

/* A member's own promise, and whether it gives it. */
inline give_vote (member, wanted, number, is_given)
{
  is_given = false;
  if
  :: number < NEWEST_TERM (member) || (number == node[member].promised && node[member].promised_to != wanted)
  :: else ->
     if
     :: number > node[member].promised && IS_BOUND (member)
     :: else ->
        is_given = true;
        node[member].promised = number;
        node[member].promised_to = wanted;
        node[member].heard = now
     fi
  fi
}

inline win (c)
{
  node[c].term = node[c].candidate;
  node[c].leader = c;
  node[c].role = LEADS;
  clear_votes (c);
  assert (node[c].version >= safe)
}

inline answer (l, v)
{
  if
  :: SLOT (l, v).kind == RENEW ->
     if
#ifdef ACCEPT_OLD
     :: SLOT (l, v).term < node[v].term
#else
     :: SLOT (l, v).term < NEWEST_TERM (v)
#endif
        -> SLOT (l, v).kind = REFUSED;
        SLOT (l, v).term = NEWEST_TERM (v)
     :: else ->
        if
        :: SLOT (l, v).term > node[v].term ->
           node[v].term = SLOT (l, v).term;
           node[v].leader = l;
           node[v].promised = (node[v].promised > SLOT (l, v).term -> node[v].promised : SLOT (l, v).term);
           node[v].promised_to = l;
           if
           :: v != WITNESS -> node[v].role = FOLLOWS;
           :: else
           fi
        :: else
        fi;
        if
        :: SLOT (l, v).version > node[v].version -> node[v].version = SLOT (l, v).version
        :: else
        fi;
        node[v].heard = now;
        SLOT (l, v).kind = AGREED
     fi
  :: SLOT (l, v).kind == VOTE ->
     give_vote (v, l, SLOT (l, v).term, given);
     if
     :: given -> SLOT (l, v).kind = VOTED
     :: else -> SLOT (l, v).kind = REFUSED; SLOT (l, v).term = NEWEST_TERM (v)
     fi;
     SLOT (l, v).version = node[v].version
  fi
}

inline take (l, v)
{
  if
  :: SLOT (l, v).kind == AGREED && node[l].role != FOLLOWS && node[l].term == SLOT (l, v).term ->
     node[l].held[v] = (node[l].held[v] > SLOT (l, v).sent + 1 -> node[l].held[v] : SLOT (l, v).sent + 1);
     node[l].has[v] = (node[l].has[v] > SLOT (l, v).version -> node[l].has[v] : SLOT (l, v).version);
     if
     :: node[l].role == HALTED && N_HELD (l) >= 2 -> node[l].role = LEADS; assert (node[l].version >= safe)
     :: else
     fi;
     note_safe (l)
  :: SLOT (l, v).kind == VOTED && node[l].role != LEADS && node[l].candidate == SLOT (l, v).term ->
#ifndef NO_STATE
     node[l].version = (node[l].version > SLOT (l, v).version -> node[l].version : SLOT (l, v).version);
#endif
     node[l].votes[v] = true;
     node[l].held[v] = node[l].asked + 1;
     node[l].has[v] = 0;
     if
     :: N_VOTES (l) >= 2 -> win (l)
     :: else
     fi
  :: SLOT (l, v).kind == REFUSED && node[l].role != FOLLOWS && SLOT (l, v).term > node[l].term ->
     node[l].role = FOLLOWS
  :: else
  fi;
  SLOT (l, v).kind = NOTHING;
  SLOT (l, v).term = 0;
  SLOT (l, v).version = 0;
  SLOT (l, v).sent = 0
}

inline restart (n)
{
  node[n].heard = now;
#ifdef FORGET_HEARD
  node[n].heard = 0;
#endif
#ifdef FORGET
  node[n].promised = node[n].term;
  node[n].promised_to = node[n].leader;
#endif
  node[n].candidate = 0;
  node[n].asked = 0;
  clear_votes (n);
  forget_peers (n);
  node[n].role = (n != WITNESS && node[n].leader == n -> HALTED : FOLLOWS)
}

active proctype world ()
{
  byte l;
  byte v;
  bool given;

  atomic
  {
    for (l : 0 .. 2)
    {
      node[l].term = 1;
      node[l].leader = 0;
      node[l].promised = 1;
      node[l].promised_to = 0
    };
    node[0].role = LEADS;
    node[0].held[1] = 1;
    node[0].held[2] = 1;
    l = 0;
    v = 0;
    given = false
  };

end:
  do
  /* Who holds no majority stops at once, before time goes on. */
  :: atomic { node[0].role == LEADS && N_HELD (0) < 2 -> node[0].role = HALTED }
  :: atomic { node[1].role == LEADS && N_HELD (1) < 2 -> node[1].role = HALTED }
  :: atomic
     {
       now < TIME && !(node[0].role == LEADS && N_HELD (0) < 2) && !(node[1].role == LEADS && N_HELD (1) < 2) ->
       now++
     }
  :: atomic
     {
       select (l : 0 .. 1);
       select (v : 0 .. 2);
       if
       :: l != v && SLOT (l, v).kind == NOTHING && node[l].role != FOLLOWS && node[l].leader == l ->
          SLOT (l, v).kind = RENEW;
          SLOT (l, v).term = node[l].term;
          SLOT (l, v).version = node[l].version;
          SLOT (l, v).sent = now
       :: l != v && SLOT (l, v).kind == NOTHING && node[l].role != LEADS && node[l].candidate > node[l].term &&
          node[l].votes[l] ->
          SLOT (l, v).kind = VOTE;
          SLOT (l, v).term = node[l].candidate;
          SLOT (l, v).sent = now
       :: l != v && (SLOT (l, v).kind == RENEW || SLOT (l, v).kind == VOTE) -> answer (l, v)
       :: l != v && SLOT (l, v).kind >= AGREED -> take (l, v)
       :: l != v && SLOT (l, v).kind != NOTHING ->
          SLOT (l, v).kind = NOTHING;
          SLOT (l, v).term = 0;
          SLOT (l, v).version = 0;
          SLOT (l, v).sent = 0
       :: else
       fi;
       assert (!(ACTS (0) && ACTS (1)));
       l = 0;
       v = 0;
       given = false
     }
  /* A candidacy begins with the own vote. */
  :: atomic
     {
       select (l : 0 .. 1);
       if
       :: node[l].role != LEADS && !IS_BOUND (l) && NEWEST_TERM (l) < TERMS ->
          v = NEWEST_TERM (l) + 1;
          node[l].candidate = v;
          clear_votes (l);
          node[l].asked = now;
          give_vote (l, l, v, given);
          node[l].votes[l] = given
       :: else
       fi;
       l = 0;
       v = 0;
       given = false
     }
  :: atomic
     {
       select (l : 0 .. 1);
       if
       :: ACTS (l) && n_written < WRITES ->
          n_written++;
          node[l].version = (node[l].version > node[l].term * 8 -> node[l].version : node[l].term * 8) + 1
       :: else
       fi;
       l = 0
     }
  :: atomic
     {
       select (l : 0 .. 2);
       if
       :: n_crashes < CRASHES -> n_crashes++; restart (l)
       :: else
       fi;
       assert (!(ACTS (0) && ACTS (1)));
       l = 0
     }
  od
}
