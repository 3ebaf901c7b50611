/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"

G_BEGIN_DECLS

#define DMS_TYPE_HEARTBEATS (dms_heartbeats_get_type ())

/* Whether machines that run something for us are still there. One question for each machine, however many
 * deployments are on it, as often as the most impatient of them wants; its answer is the sign of life, and
 * the question renews the leases of what must not run without us. A machine that never answered, because it
 * knows no such question, is judged by its rarer reports about services alone. */
G_DECLARE_FINAL_TYPE (DmsHeartbeats, dms_heartbeats, DMS, HEARTBEATS, GObject)

typedef enum
{
  DMS_HEARTBEATS_LOST,
  DMS_HEARTBEATS_RETURNED,
  /* From time to time while it answers. */
  DMS_HEARTBEATS_LISTED,
} DmsHeartbeatsNews;

/* What there is to say of a machine; statuses, (nullable), says of the ensemble's allocations there by ID how
 * they are, unless it is lost. */
typedef void (*DmsHeartbeatsFunc) (DmsHeartbeatsNews news, JsonObject *statuses, gpointer user_data);

typedef struct
{
  const char *ensemble_id;
  /* The machine dies: noticed within this time. */
  gint64 detect_us;
  /* For each question, the leases of these are renewed for so long. (nullable) */
  gint64 lease_us;
  const char *const *leased;
  /* It has answered before, in an earlier run of this node: silence means something from the beginning. */
  gboolean answered_before;
} DmsHeartbeatsWish;

DmsHeartbeats *dms_heartbeats_new (DmsActor *root);
/* machine: its root actor. Returns a number that is never 0. */
guint dms_heartbeats_watch (DmsHeartbeats *self,
                            DmsHandle *machine,
                            const DmsHeartbeatsWish *wish,
                            DmsHeartbeatsFunc func,
                            gpointer user_data);
void dms_heartbeats_unwatch (DmsHeartbeats *self, guint watch);
gboolean dms_heartbeats_is_about (DmsHeartbeats *self, guint watch, DmsHandle *machine);
/* The ensemble wants something else of the machine from now on. */
void dms_heartbeats_change (DmsHeartbeats *self, guint watch, const DmsHeartbeatsWish *wish);
/* Something else came from a machine. */
void dms_heartbeats_touch (DmsHeartbeats *self, DmsHandle *machine);
/* Whether the machine answers such questions, and ends leases by itself. */
gboolean dms_heartbeats_does_answer (DmsHeartbeats *self, guint watch);
/* When a lease of this length that is given now is over for sure (monotonic). */
gint64 dms_heartbeats_compute_lease_end_us (gint64 lease_us);
/* When the last lease that may have reached the machine is over for sure (monotonic). */
gint64 dms_heartbeats_get_lease_end_us (DmsHeartbeats *self, guint watch);
void dms_heartbeats_stop (DmsHeartbeats *self);

G_END_DECLS
