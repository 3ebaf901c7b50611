/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-core.h"

#include <sodium.h>

#include "kad/dms-p2p-kad-core-private.h"
#include "kad/dms-p2p-kad-group.h"

gint64
dms_p2p_kad_core_get_now (DmsP2pKadCore *self)
{
  return self->environment.get_now_us (self->user_data);
}

void
dms_p2p_kad_core_randomize (DmsP2pKadCore *self, void *buffer, gsize size)
{
  if (self->environment.randomize != NULL)
    self->environment.randomize (buffer, size, self->user_data);
  else
    randombytes_buf (buffer, size);
}

void
dms_p2p_kad_core_wake (DmsP2pKadCore *self)
{
  if (self->environment.wake != NULL)
    self->environment.wake (self->user_data);
}

/* Requests */

static void
dms_p2p_kad_request_free (gpointer data)
{
  DmsP2pKadRequest *request = data;

  dms_p2p_kad_peer_unref (request->peer);
  g_clear_pointer (&request->newcomer, dms_p2p_kad_peer_unref);
  g_free (request);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pKadRequest, dms_p2p_kad_request_free)

DmsP2pKadRequest *
dms_p2p_kad_core_send (DmsP2pKadCore *self,
                       DmsP2pKadPeer *peer,
                       DmsP2pKadType type,
                       GBytes *message,
                       guint64 operation)
{
  DmsP2pKadRequest *request = g_new0 (DmsP2pKadRequest, 1);

  request->number = ++self->last_number;
  request->peer = dms_p2p_kad_peer_ref (peer);
  request->type = type;
  request->operation = operation;
  request->deadline_us = dms_p2p_kad_core_get_now (self) + (gint64) DMS_P2P_KAD_REQUEST_S * G_USEC_PER_SEC;
  request->link.data = request;
  g_hash_table_insert (self->requests, &request->number, request);
  /* All have the same time, so that they run out of it in this order. */
  g_queue_push_tail_link (&self->timeouts, &request->link);
  /* Who provides something is not answered (specs, "RPC messages"). */
  self->environment.send (request->number, peer, message, type != DMS_P2P_KAD_ADD_PROVIDER, self->user_data);
  return request;
}

/* (transfer full) */
static DmsP2pKadRequest *
dms_p2p_kad_core_take_request (DmsP2pKadCore *self, guint64 number)
{
  DmsP2pKadRequest *request = g_hash_table_lookup (self->requests, &number);

  if (request == NULL)
    return NULL;
  g_queue_unlink (&self->timeouts, &request->link);
  g_hash_table_steal (self->requests, &number);
  return request;
}

static void
dms_p2p_kad_core_give_up_one (DmsP2pKadCore *self, guint64 number)
{
  g_autoptr (DmsP2pKadRequest) request = dms_p2p_kad_core_take_request (self, number);

  self->environment.give_up (request->number, self->user_data);
}

void
dms_p2p_kad_core_give_up (DmsP2pKadCore *self, guint64 operation)
{
  GList *link = self->timeouts.head;

  while (link != NULL)
    {
      const DmsP2pKadRequest *request = link->data;

      link = link->next;
      if (request->operation == operation)
        dms_p2p_kad_core_give_up_one (self, request->number);
    }
}

/* Peers */

/* Adds a peer to the table; in a full bucket it is the one that has been silent longest whose place it may
 * take, when that does not answer (Maymounkov and Mazières, Kademlia, section 2.2). */
void
dms_p2p_kad_core_meet (DmsP2pKadCore *self, DmsP2pKadPeer *peer, guint64 group)
{
  gint64 now_us = dms_p2p_kad_core_get_now (self);
  g_autoptr (DmsP2pKadPeer) silent = NULL;

  switch (dms_p2p_kad_table_add (self->table, peer, group, now_us))
    {
    case DMS_P2P_KAD_TABLE_ADDED:
      dms_p2p_kad_core_hurry_refresh (self);
      break;
    case DMS_P2P_KAD_TABLE_FULL:
      silent = dms_p2p_kad_table_dup_silent (self->table,
                                             dms_p2p_kad_peer_get_key (peer),
                                             now_us - (gint64) DMS_P2P_KAD_CHECK_S * G_USEC_PER_SEC);
      if (silent != NULL)
        dms_p2p_kad_core_check_peer (self, silent, peer, group);
      break;
    case DMS_P2P_KAD_TABLE_KNOWN:
    case DMS_P2P_KAD_TABLE_REFUSED:
    default:
      break;
    }
}

void
dms_p2p_kad_core_peer_serves (DmsP2pKadCore *self, DmsPeerId *peer, DmsMultiaddr *remote)
{
  g_autoptr (DmsP2pKadPeer) met = dms_p2p_kad_peer_new (peer, NULL, DMS_P2P_KAD_CONNECTED);

  dms_p2p_kad_core_meet (self, met, remote != NULL ? dms_p2p_kad_group_of (remote) : 0);
}

void
dms_p2p_kad_core_peer_left (DmsP2pKadCore *self, DmsPeerId *peer)
{
  g_autoptr (DmsP2pKadPeer) left = dms_p2p_kad_peer_new (peer, NULL, DMS_P2P_KAD_NOT_CONNECTED);

  dms_p2p_kad_table_remove (self->table, left);
}

/* What comes of requests */

static void
dms_p2p_kad_core_end_check (DmsP2pKadCore *self, DmsP2pKadRequest *request, gboolean is_there)
{
  g_hash_table_remove (self->checking, dms_p2p_kad_peer_get_id (request->peer));
  if (is_there || request->newcomer == NULL)
    return;
  dms_p2p_kad_table_remove (self->table, request->peer);
  dms_p2p_kad_table_add (
      self->table, request->newcomer, request->newcomer_group, dms_p2p_kad_core_get_now (self));
}

static void
dms_p2p_kad_core_end_request (DmsP2pKadCore *self,
                              DmsP2pKadRequest *request,
                              DmsP2pKadMessage *answer,
                              gboolean is_good,
                              DmsMultiaddr *remote)
{
  DmsP2pKadOperation *operation = dms_p2p_kad_core_find_operation (self, request->operation);
  guint64 group = remote != NULL ? dms_p2p_kad_group_of (remote) : 0;

  if (!is_good)
    dms_p2p_kad_table_note_failed (self->table, request->peer);
  /* That something was sent says nothing of who got it. */
  else if (answer != NULL)
    dms_p2p_kad_core_meet (self, request->peer, group);
  if (request->operation == 0)
    dms_p2p_kad_core_end_check (self, request, is_good);
  if (operation == NULL)
    return;
  if (request->is_store)
    dms_p2p_kad_operation_note_stored (operation, is_good, answer);
  else if (is_good)
    {
      dms_p2p_kad_query_note_answered (operation->query, request->peer, group);
      dms_p2p_kad_operation_take (operation, self, request->peer, answer, remote);
    }
  else
    dms_p2p_kad_query_note_failed (operation->query, request->peer);
  dms_p2p_kad_operation_step (operation, self);
}

void
dms_p2p_kad_core_answered (DmsP2pKadCore *self, guint64 number, GBytes *bytes, DmsMultiaddr *remote)
{
  g_autoptr (DmsP2pKadRequest) request = dms_p2p_kad_core_take_request (self, number);
  g_autoptr (DmsP2pKadMessage) answer = NULL;
  gboolean is_good = FALSE;

  if (request == NULL)
    return;
  if (bytes != NULL)
    answer = dms_p2p_kad_message_decode (bytes, NULL);
  is_good = answer != NULL ? answer->type == request->type : bytes == NULL && request->is_store;
  if (!is_good)
    g_clear_pointer (&answer, dms_p2p_kad_message_free);
  dms_p2p_kad_core_end_request (self, request, answer, is_good, remote);
}

void
dms_p2p_kad_core_failed (DmsP2pKadCore *self, guint64 number)
{
  g_autoptr (DmsP2pKadRequest) request = dms_p2p_kad_core_take_request (self, number);

  if (request != NULL)
    dms_p2p_kad_core_end_request (self, request, NULL, FALSE, NULL);
}

/* Operations */

DmsP2pKadOperation *
dms_p2p_kad_core_find_operation (DmsP2pKadCore *self, guint64 number)
{
  for (guint i = 0; i < self->operations->len; i++)
    {
      DmsP2pKadOperation *operation = g_ptr_array_index (self->operations, i);

      if (operation->number == number)
        return operation;
    }
  return NULL;
}

void
dms_p2p_kad_core_forget_operation (DmsP2pKadCore *self, DmsP2pKadOperation *operation)
{
  g_ptr_array_remove (self->operations, operation);
}

guint64
dms_p2p_kad_core_start (DmsP2pKadCore *self, DmsP2pKadOperation *operation)
{
  g_autoptr (GPtrArray) closest = NULL;

  operation->number = ++self->last_number;
  operation->deadline_us = dms_p2p_kad_core_get_now (self) + (gint64) DMS_P2P_KAD_LOOKUP_S * G_USEC_PER_SEC;
  operation->is_ready = TRUE;
  if (self->operations->len >= DMS_P2P_KAD_MAX_OPERATIONS && operation->error == NULL)
    operation->error = g_error_new_literal (
        DMS_ERROR, DMS_ERROR_BUSY, "too many lookups are under way; try again in a minute");
  closest = dms_p2p_kad_table_list_closest (
      self->table, dms_p2p_kad_query_get_target (operation->query), DMS_P2P_KAD_K);
  for (guint i = 0; i < closest->len; i++)
    {
      DmsP2pKadPeer *peer = g_ptr_array_index (closest, i);
      g_autoptr (GPtrArray) addresses =
          self->environment.dup_addresses (dms_p2p_kad_peer_get_id (peer), self->user_data);
      g_autoptr (DmsP2pKadPeer) there = dms_p2p_kad_peer_at (peer, addresses);

      dms_p2p_kad_query_add (operation->query, there, NULL);
    }
  g_ptr_array_add (self->operations, operation);
  dms_p2p_kad_core_wake (self);
  return operation->number;
}

guint64
dms_p2p_kad_core_find_closest (DmsP2pKadCore *self, GBytes *key, DmsP2pKadDone done, gpointer data)
{
  return dms_p2p_kad_core_start (self,
                                 dms_p2p_kad_operation_new (self, DMS_P2P_KAD_FIND_CLOSEST, key, done, data));
}

guint64
dms_p2p_kad_core_find_peer (DmsP2pKadCore *self, DmsPeerId *peer, DmsP2pKadDone done, gpointer data)
{
  g_autoptr (GBytes) key = dms_peer_id_dup_bytes (peer);
  DmsP2pKadOperation *operation = dms_p2p_kad_operation_new (self, DMS_P2P_KAD_FIND_PEER, key, done, data);
  g_autoptr (GPtrArray) known = self->environment.dup_addresses (peer, self->user_data);
  g_autoptr (DmsP2pKadPeer) here = dms_p2p_kad_peer_new (peer, known, DMS_P2P_KAD_CAN_CONNECT);

  operation->peer = dms_peer_id_ref (peer);
  if (known->len > 0)
    dms_p2p_kad_operation_take_place (operation, here);
  return dms_p2p_kad_core_start (self, operation);
}

/* FALSE, and the operation fails, when no value can stand under its key. */
static gboolean
dms_p2p_kad_core_check_key (DmsP2pKadOperation *operation)
{
  if (g_bytes_get_size (operation->key) <= DMS_P2P_KAD_MAX_KEY_SIZE &&
      dms_p2p_kad_namespace_find (operation->key) != NULL)
    return TRUE;
  operation->error = g_error_new_literal (
      DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "this key is too long, or not of a namespace that is known");
  return FALSE;
}

guint64
dms_p2p_kad_core_get_value (DmsP2pKadCore *self, GBytes *key, guint quorum, DmsP2pKadDone done, gpointer data)
{
  DmsP2pKadOperation *operation = dms_p2p_kad_operation_new (self, DMS_P2P_KAD_GET, key, done, data);
  DmsP2pKadRecord *own = dms_p2p_kad_records_get (self->records, key, dms_p2p_kad_core_get_now (self));

  operation->quorum = quorum != 0 ? quorum : DMS_P2P_KAD_QUORUM;
  if (dms_p2p_kad_core_check_key (operation) && own != NULL)
    dms_p2p_kad_operation_take_value (operation, self, dms_p2p_kad_peer_get_id (self->self_peer), own);
  return dms_p2p_kad_core_start (self, operation);
}

guint64
dms_p2p_kad_core_put_value (DmsP2pKadCore *self,
                            GBytes *key,
                            GBytes *value,
                            DmsP2pKadDone done,
                            gpointer data)
{
  DmsP2pKadOperation *operation = dms_p2p_kad_operation_new (self, DMS_P2P_KAD_PUT, key, done, data);
  g_autoptr (DmsP2pKadRecord) record = dms_p2p_kad_record_new (key, value, NULL);

  operation->value = g_bytes_ref (value);
  if (dms_p2p_kad_core_check_key (operation) &&
      dms_p2p_kad_core_store (self, record, NULL, &operation->error) &&
      !dms_p2p_kad_core_keep_value (self, key, value))
    operation->error = g_error_new_literal (
        DMS_ERROR, DMS_ERROR_TOO_LARGE, "this node keeps too many values in the network already");
  return dms_p2p_kad_core_start (self, operation);
}

guint64
dms_p2p_kad_core_provide (DmsP2pKadCore *self, GBytes *multihash, DmsP2pKadDone done, gpointer data)
{
  DmsP2pKadOperation *operation =
      dms_p2p_kad_operation_new (self, DMS_P2P_KAD_PROVIDE, multihash, done, data);

  if (dms_p2p_kad_core_check_provided (multihash, &operation->error) &&
      !dms_p2p_kad_core_keep_provided (self, multihash))
    operation->error =
        g_error_new_literal (DMS_ERROR, DMS_ERROR_TOO_LARGE, "this node provides too many things already");
  return dms_p2p_kad_core_start (self, operation);
}

guint64
dms_p2p_kad_core_find_providers (DmsP2pKadCore *self,
                                 GBytes *multihash,
                                 guint n,
                                 DmsP2pKadDone done,
                                 gpointer data)
{
  DmsP2pKadOperation *operation =
      dms_p2p_kad_operation_new (self, DMS_P2P_KAD_FIND_PROVIDERS, multihash, done, data);
  g_autoptr (GPtrArray) own = dms_p2p_kad_providers_list (
      self->providers, multihash, DMS_P2P_KAD_MAX_PROVIDERS, dms_p2p_kad_core_get_now (self));

  operation->max_found = CLAMP (n, 1, DMS_P2P_KAD_MAX_PROVIDERS);
  if (dms_p2p_kad_core_check_provided (multihash, &operation->error))
    for (guint i = 0; i < own->len; i++)
      dms_p2p_kad_operation_take_provider (operation, g_ptr_array_index (own, i));
  return dms_p2p_kad_core_start (self, operation);
}

void
dms_p2p_kad_core_cancel (DmsP2pKadCore *self, guint64 number)
{
  DmsP2pKadOperation *operation = dms_p2p_kad_core_find_operation (self, number);

  if (operation == NULL || operation->done == NULL)
    return;
  g_clear_error (&operation->error);
  operation->error = g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the lookup was given up");
  operation->is_ready = TRUE;
  dms_p2p_kad_core_wake (self);
}

/* Time */

static void
dms_p2p_kad_core_poll_requests (DmsP2pKadCore *self, gint64 now_us)
{
  DmsP2pKadRequest *first = g_queue_peek_head (&self->timeouts);

  while (first != NULL && first->deadline_us <= now_us)
    {
      guint64 number = first->number;

      self->environment.give_up (number, self->user_data);
      dms_p2p_kad_core_failed (self, number);
      first = g_queue_peek_head (&self->timeouts);
    }
}

/* Others may begin and end while one is told. */
static void
dms_p2p_kad_core_poll_operations (DmsP2pKadCore *self, gint64 now_us)
{
  g_autoptr (GArray) due = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (guint i = 0; i < self->operations->len; i++)
    {
      DmsP2pKadOperation *operation = g_ptr_array_index (self->operations, i);

      if (operation->is_ready || operation->deadline_us <= now_us)
        g_array_append_val (due, operation->number);
    }
  for (guint i = 0; i < due->len; i++)
    {
      DmsP2pKadOperation *operation = dms_p2p_kad_core_find_operation (self, g_array_index (due, guint64, i));

      if (operation == NULL)
        continue;
      operation->is_ready = FALSE;
      if (operation->deadline_us <= now_us)
        dms_p2p_kad_operation_finish (operation, self);
      else
        dms_p2p_kad_operation_step (operation, self);
    }
}

void
dms_p2p_kad_core_poll (DmsP2pKadCore *self)
{
  gint64 now_us = dms_p2p_kad_core_get_now (self);

  dms_p2p_kad_core_poll_requests (self, now_us);
  dms_p2p_kad_core_poll_operations (self, now_us);
  dms_p2p_kad_core_keep_up (self);
}

gint64
dms_p2p_kad_core_get_deadline (DmsP2pKadCore *self)
{
  const DmsP2pKadRequest *first = g_queue_peek_head (&self->timeouts);
  gint64 deadline_us = dms_p2p_kad_core_get_upkeep_deadline (self);

  if (first != NULL)
    deadline_us = MIN (deadline_us, first->deadline_us);
  for (guint i = 0; i < self->operations->len; i++)
    {
      const DmsP2pKadOperation *operation = g_ptr_array_index (self->operations, i);

      if (operation->is_ready)
        return dms_p2p_kad_core_get_now (self);
      deadline_us = MIN (deadline_us, operation->deadline_us);
    }
  return deadline_us;
}

/* The whole */

DmsP2pKadCore *
dms_p2p_kad_core_new (DmsPeerId *self_id, const DmsP2pKadEnvironment *environment, gpointer user_data)
{
  DmsP2pKadCore *self = g_new0 (DmsP2pKadCore, 1);
  const DmsP2pKadKey *key = NULL;

  self->self_peer = dms_p2p_kad_peer_new (self_id, NULL, DMS_P2P_KAD_CONNECTED);
  key = dms_p2p_kad_peer_get_key (self->self_peer);
  self->environment = *environment;
  self->user_data = user_data;
  self->table = dms_p2p_kad_table_new (key);
  self->records = dms_p2p_kad_records_new (key);
  self->providers = dms_p2p_kad_providers_new (key);
  self->requests = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, dms_p2p_kad_request_free);
  g_queue_init (&self->timeouts);
  self->operations = g_ptr_array_new ();
  dms_p2p_kad_core_init_upkeep (self);
  return self;
}

void
dms_p2p_kad_core_free (DmsP2pKadCore *self)
{
  while (self->operations->len > 0)
    {
      DmsP2pKadOperation *operation = g_ptr_array_index (self->operations, 0);

      g_clear_error (&operation->error);
      operation->error = g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "this node is being stopped");
      dms_p2p_kad_operation_finish (operation, self);
    }
  g_ptr_array_unref (self->operations);
  while (!g_queue_is_empty (&self->timeouts))
    {
      const DmsP2pKadRequest *first = g_queue_peek_head (&self->timeouts);

      dms_p2p_kad_core_give_up_one (self, first->number);
    }
  g_hash_table_unref (self->requests);
  dms_p2p_kad_core_free_upkeep (self);
  dms_p2p_kad_providers_free (self->providers);
  dms_p2p_kad_records_free (self->records);
  dms_p2p_kad_table_free (self->table);
  dms_p2p_kad_peer_unref (self->self_peer);
  g_free (self);
}

DmsP2pKadTable *
dms_p2p_kad_core_get_table (DmsP2pKadCore *self)
{
  return self->table;
}
