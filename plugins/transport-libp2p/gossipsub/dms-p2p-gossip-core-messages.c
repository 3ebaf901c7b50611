/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "gossipsub/dms-p2p-gossip-core-private.h"

/* Cases: messages that are being judged */

void
dms_p2p_gossip_case_free (gpointer data)
{
  DmsP2pGossipCase *one = data;

  g_clear_pointer (&one->message, dms_p2p_gossip_message_unref);
  g_clear_pointer (&one->bringer, dms_peer_id_unref);
  g_clear_pointer (&one->data, g_bytes_unref);
  g_free (one->topic);
  g_free (one);
}

static DmsP2pGossipCase *
dms_p2p_gossip_core_open_case (DmsP2pGossipCore *self, const char *topic, GBytes *data)
{
  DmsP2pGossipCase *one = g_new0 (DmsP2pGossipCase, 1);

  one->ticket = self->next_ticket++;
  one->topic = g_strdup (topic);
  one->data = g_bytes_ref (data);
  one->expires_us =
      dms_p2p_gossip_core_now (self) + DMS_P2P_GOSSIP_VALIDATION_TIMEOUT_S * (gint64) G_USEC_PER_SEC;
  self->case_bytes += g_bytes_get_size (data);
  g_hash_table_insert (self->cases, &one->ticket, one);
  return one;
}

static gboolean
dms_p2p_gossip_core_has_room (DmsP2pGossipCore *self, gsize size)
{
  return g_hash_table_size (self->cases) < DMS_P2P_GOSSIP_MAX_PENDING &&
         self->case_bytes + size <= DMS_P2P_GOSSIP_MAX_PENDING_BYTES;
}

/* NULL when it was closed before. */
static DmsP2pGossipCase *
dms_p2p_gossip_core_close_case (DmsP2pGossipCore *self, guint64 ticket)
{
  DmsP2pGossipCase *one = g_hash_table_lookup (self->cases, &ticket);
  DmsP2pGossipPeer *peer = NULL;

  if (one == NULL)
    return NULL;
  g_hash_table_steal (self->cases, &ticket);
  self->case_bytes -= g_bytes_get_size (one->data);
  peer = one->bringer != NULL ? dms_p2p_gossip_core_find_peer (self, one->bringer) : NULL;
  if (peer != NULL && peer->n_pending > 0)
    peer->n_pending--;
  return one;
}

/* Passing on */

static void
dms_p2p_gossip_core_send_to (DmsP2pGossipCore *self,
                             DmsP2pGossipMessage *message,
                             GPtrArray *peers,
                             DmsP2pGossipRecord *record)
{
  g_autoptr (GBytes) rpc = dms_p2p_gossip_rpc_encode_message (message);

  for (guint i = 0; i < peers->len; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (peers, i);

      if ((record != NULL && dms_p2p_gossip_record_has_peer (record, peer->id)) ||
          dms_peer_id_equal (peer->id, message->from) || g_hash_table_contains (peer->unwanted, message->id))
        continue;
      self->counts.sent++;
      self->funcs.send (peer->id, rpc, DMS_P2P_GOSSIP_MESSAGE, self->user_data);
    }
}

static void
dms_p2p_gossip_core_accept (DmsP2pGossipCore *self, DmsP2pGossipMessage *message)
{
  DmsP2pGossipRecord *record = dms_p2p_gossip_seen_lookup (self->seen, message->id);
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, message->topic);

  if (record == NULL || topic == NULL || !topic->is_joined)
    return;
  record->fate = DMS_P2P_GOSSIP_ACCEPTED;
  record->judged_us = dms_p2p_gossip_core_now (self);
  for (guint i = 0; i < record->peers->len; i++)
    {
      if (i == 0)
        dms_p2p_gossip_score_first (self->score, record->peers->pdata[i], message->topic);
      else
        dms_p2p_gossip_score_duplicate (self->score, record->peers->pdata[i], message->topic);
    }
  dms_p2p_gossip_cache_add (self->cache, message);
  dms_p2p_gossip_core_send_to (self, message, topic->mesh, record);
  self->counts.delivered++;
  self->funcs.deliver (message->topic, message->from, message->data, self->user_data);
}

/* Held against all who brought it. */
static void
dms_p2p_gossip_core_reject (DmsP2pGossipCore *self, DmsP2pGossipMessage *message)
{
  DmsP2pGossipRecord *record = dms_p2p_gossip_seen_lookup (self->seen, message->id);

  self->counts.rejected++;
  if (record == NULL)
    return;
  record->fate = DMS_P2P_GOSSIP_REJECTED;
  for (guint i = 0; i < record->peers->len; i++)
    dms_p2p_gossip_score_invalid (self->score, record->peers->pdata[i], message->topic);
}

static void
dms_p2p_gossip_core_ignore (DmsP2pGossipCore *self, DmsP2pGossipMessage *message)
{
  DmsP2pGossipRecord *record = dms_p2p_gossip_seen_lookup (self->seen, message->id);

  self->counts.ignored++;
  if (record != NULL)
    record->fate = DMS_P2P_GOSSIP_IGNORED;
}

/* Publishing. With flood publishing our own go to all on the topic, so that a bad mesh cannot hold them back.
 */

static void
dms_p2p_gossip_core_refresh_fanout (DmsP2pGossipCore *self, DmsP2pGossipTopic *topic)
{
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);
  g_autoptr (GPtrArray) chosen = NULL;

  if (topic->is_joined)
    return;
  topic->fanout_until_us = dms_p2p_gossip_core_now (self) + DMS_P2P_GOSSIP_FANOUT_S * (gint64) G_USEC_PER_SEC;
  if (topic->fanout->len > 0)
    return;
  chosen = dms_p2p_gossip_core_choose (
      self, topic, topic->fanout, params->publish_threshold, FALSE, DMS_P2P_GOSSIP_D);
  for (guint i = 0; i < chosen->len; i++)
    g_ptr_array_add (topic->fanout, g_ptr_array_index (chosen, i));
}

static void
dms_p2p_gossip_core_publish_now (DmsP2pGossipCore *self, const char *name, GBytes *data)
{
  const DmsP2pGossipScoreParams *params = dms_p2p_gossip_score_get_params (self->score);
  g_autoptr (DmsP2pGossipMessage) message =
      dms_p2p_gossip_message_new (self->identity, self->next_number++, name, data);
  DmsP2pGossipTopic *topic = dms_p2p_gossip_core_ensure_topic (self, name);
  g_autoptr (GPtrArray) peers = NULL;
  DmsP2pGossipRecord *record = dms_p2p_gossip_seen_add (self->seen,
                                                        message->id,
                                                        dms_p2p_gossip_core_now (self) +
                                                            DMS_P2P_GOSSIP_SEEN_S * (gint64) G_USEC_PER_SEC);

  record->fate = DMS_P2P_GOSSIP_ACCEPTED;
  record->judged_us = dms_p2p_gossip_core_now (self);
  dms_p2p_gossip_cache_add (self->cache, message);
  dms_p2p_gossip_core_refresh_fanout (self, topic);
  peers = dms_p2p_gossip_core_choose (self, topic, NULL, params->publish_threshold, FALSE, G_MAXUINT);
  dms_p2p_gossip_core_send_to (self, message, peers, NULL);
  if (!topic->is_joined)
    return;
  self->counts.delivered++;
  self->funcs.deliver (name, message->from, data, self->user_data);
}

/* Judging */

static void
dms_p2p_gossip_core_end_case (DmsP2pGossipCore *self, DmsP2pGossipCase *one, DmsValidation verdict)
{
  if (one->message == NULL)
    {
      if (verdict == DMS_VALIDATION_ACCEPT)
        dms_p2p_gossip_core_publish_now (self, one->topic, one->data);
      one->published (verdict, one->published_data);
    }
  else if (verdict == DMS_VALIDATION_ACCEPT)
    dms_p2p_gossip_core_accept (self, one->message);
  else if (verdict == DMS_VALIDATION_REJECT)
    dms_p2p_gossip_core_reject (self, one->message);
  else
    dms_p2p_gossip_core_ignore (self, one->message);
  dms_p2p_gossip_case_free (one);
}

gboolean
dms_p2p_gossip_core_finish_validation (DmsP2pGossipCore *self, guint64 ticket, DmsValidation verdict)
{
  DmsP2pGossipCase *one = dms_p2p_gossip_core_close_case (self, ticket);

  if (one == NULL)
    return FALSE;
  dms_p2p_gossip_core_end_case (self, one, verdict);
  return TRUE;
}

static void
dms_p2p_gossip_core_judge (DmsP2pGossipCore *self, guint64 ticket, DmsPeerId *from)
{
  DmsP2pGossipCase *one = g_hash_table_lookup (self->cases, &ticket);
  g_autofree char *topic = g_strdup (one->topic);
  g_autoptr (GBytes) data = g_bytes_ref (one->data);
  DmsValidation verdict = self->funcs.validate (topic, from, data, ticket, self->user_data);

  if (verdict != DMS_VALIDATION_LATER)
    dms_p2p_gossip_core_finish_validation (self, ticket, verdict);
}

void
dms_p2p_gossip_core_publish (DmsP2pGossipCore *self,
                             const char *topic,
                             GBytes *data,
                             DmsP2pGossipPublished published,
                             gpointer user_data)
{
  DmsP2pGossipCase *one = dms_p2p_gossip_core_open_case (self, topic, data);

  one->published = published;
  one->published_data = user_data;
  dms_p2p_gossip_core_judge (self, one->ticket, self->self_id);
}

/* Ends those that are to be judged by then; how many. Whoever published one is told, and may end others. */
static guint
dms_p2p_gossip_core_end_cases_until (DmsP2pGossipCore *self, gint64 until_us)
{
  g_autoptr (GArray) tickets = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint n = 0;
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->cases);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const DmsP2pGossipCase *one = value;

      if (one->expires_us <= until_us)
        g_array_append_val (tickets, one->ticket);
    }
  for (guint i = 0; i < tickets->len; i++)
    n += dms_p2p_gossip_core_finish_validation (
        self, g_array_index (tickets, guint64, i), DMS_VALIDATION_IGNORE);
  return n;
}

/* Who takes too long is not waited for. */
void
dms_p2p_gossip_core_expire_cases (DmsP2pGossipCore *self)
{
  self->counts.timed_out += dms_p2p_gossip_core_end_cases_until (self, dms_p2p_gossip_core_now (self));
}

void
dms_p2p_gossip_core_end_cases (DmsP2pGossipCore *self)
{
  dms_p2p_gossip_core_end_cases_until (self, G_MAXINT64);
}

/* Receiving */

/* gossipsub v1.2: while it is being judged, others need not send it as well. */
static void
dms_p2p_gossip_core_tell_unwanted (DmsP2pGossipCore *self,
                                   DmsP2pGossipMessage *message,
                                   DmsP2pGossipPeer *bringer)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, message->topic);

  if (g_bytes_get_size (message->data) < DMS_P2P_GOSSIP_IDONTWANT_MIN_SIZE)
    return;
  for (guint i = 0; i < topic->mesh->len; i++)
    {
      DmsP2pGossipPeer *peer = g_ptr_array_index (topic->mesh, i);

      if (peer != bringer && peer->version >= DMS_P2P_GOSSIP_V1_2 &&
          !dms_peer_id_equal (peer->id, message->from))
        g_ptr_array_add (dms_p2p_gossip_core_get_control (self, peer)->idontwant, g_bytes_ref (message->id));
    }
  dms_p2p_gossip_core_flush (self);
}

/* One more copy. Only those that a mesh peer brings soon count for it (P3); a bad message counts against
 * everybody. */
static void
dms_p2p_gossip_core_note_duplicate (DmsP2pGossipCore *self,
                                    DmsP2pGossipPeer *peer,
                                    DmsP2pGossipRecord *record,
                                    const char *topic)
{
  const DmsP2pGossipTopicParams *params = &dms_p2p_gossip_score_get_params (self->score)->topic;

  self->counts.duplicates++;
  if (!dms_p2p_gossip_record_add_peer (record, peer->id))
    return;
  if (record->fate == DMS_P2P_GOSSIP_REJECTED)
    dms_p2p_gossip_score_invalid (self->score, peer->id, topic);
  else if (record->fate == DMS_P2P_GOSSIP_ACCEPTED &&
           dms_p2p_gossip_core_now (self) - record->judged_us <= params->mesh_window_us)
    dms_p2p_gossip_score_duplicate (self->score, peer->id, topic);
}

void
dms_p2p_gossip_core_handle_message (DmsP2pGossipCore *self,
                                    DmsP2pGossipPeer *peer,
                                    DmsP2pGossipMessage *message)
{
  DmsP2pGossipTopic *topic = g_hash_table_lookup (self->topics, message->topic);
  DmsP2pGossipRecord *record = dms_p2p_gossip_seen_lookup (self->seen, message->id);
  DmsP2pGossipCase *one = NULL;

  if (topic == NULL || !topic->is_joined)
    return;
  if (record != NULL)
    {
      dms_p2p_gossip_core_note_duplicate (self, peer, record, message->topic);
      return;
    }
  /* It may come again, from others, when there is room. */
  if (peer->n_pending >= DMS_P2P_GOSSIP_MAX_PENDING_PER_PEER ||
      !dms_p2p_gossip_core_has_room (self, g_bytes_get_size (message->data)))
    {
      dms_p2p_gossip_promises_keep (self->promises, message->id);
      self->counts.throttled++;
      return;
    }
  /* Before anything is remembered of it: a forged message must not stand in the way of the true one. */
  self->turn_signatures--;
  if (!dms_p2p_gossip_message_verify (message))
    {
      self->counts.forged++;
      dms_p2p_gossip_score_invalid (self->score, peer->id, message->topic);
      return;
    }
  /* One of ours that nobody remembers comes from an earlier run. */
  if (dms_peer_id_equal (message->from, self->self_id))
    return;
  dms_p2p_gossip_promises_keep (self->promises, message->id);
  record = dms_p2p_gossip_seen_add (self->seen,
                                    message->id,
                                    dms_p2p_gossip_core_now (self) +
                                        DMS_P2P_GOSSIP_SEEN_S * (gint64) G_USEC_PER_SEC);
  dms_p2p_gossip_record_add_peer (record, peer->id);
  dms_p2p_gossip_core_tell_unwanted (self, message, peer);
  one = dms_p2p_gossip_core_open_case (self, message->topic, message->data);
  one->message = dms_p2p_gossip_message_ref (message);
  one->bringer = dms_peer_id_ref (peer->id);
  peer->n_pending++;
  dms_p2p_gossip_core_judge (self, one->ticket, message->from);
}
