/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-envelope.h"
#include "capability/dms-token.h"

G_BEGIN_DECLS

/* Where messages wait until they are read and their signatures computed, in worker threads: what takes long,
 * and nothing else. They come out as they came in from each peer, none lost, and a peer that sends much keeps
 * nobody waiting but itself. Lives in the main context that made it. */
typedef struct _DmsReceiver DmsReceiver;

typedef struct
{
  /* Which links (DmsToken) of the tokens have to be checked besides; (nullable) (transfer full). Asked in any
   * order. @inbox: the topic, of a broadcast. */
  GPtrArray *(*dup_unchecked) (const char *inbox, DmsEnvelope *envelope, gpointer user_data);
  void (*checked) (const char *inbox, DmsToken *link, gboolean is_good, gpointer user_data);
  /* In order. @peer: (nullable); @envelope: NULL, with an error, when it is none or was displaced. A bad
   * signature is not an error yet: dms_envelope_verify_signature() remembers it. May stop the receiver. */
  void (*arrived) (const char *peer, const char *inbox, DmsEnvelope *envelope, gsize size,
                   const GError *error,
                   gpointer user_data);
  /* The same of a broadcast, about which the validation of @ticket is. */
  void (*judged) (const char *peer, const char *topic, GBytes *bytes, DmsEnvelope *envelope,
                  const GError *error, guint64 ticket, gpointer user_data);
} DmsReceiverFuncs;

/* @n_threads: besides the main context; 0 does everything there. */
DmsReceiver *dms_receiver_new (guint n_threads, const DmsReceiverFuncs *funcs, gpointer user_data);
/* Waits for what is being computed, and forgets everything. */
void dms_receiver_stop (DmsReceiver *self);
void dms_receiver_free (DmsReceiver *self);

/* Takes a message from a peer (NULL: this machine) for an inbox. DMS_ERROR_BUSY when too much waits. */
gboolean dms_receiver_push (DmsReceiver *self, const char *peer, const char *inbox, GBytes *bytes,
                            GError **error);
/* Takes what a peer published on a topic, in order with its messages; @ticket is not 0. */
gboolean dms_receiver_push_broadcast (DmsReceiver *self, const char *peer, const char *topic, GBytes *bytes,
                                      guint64 ticket, GError **error);
guint dms_receiver_get_n_waiting (DmsReceiver *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsReceiver, dms_receiver_free)

G_END_DECLS
