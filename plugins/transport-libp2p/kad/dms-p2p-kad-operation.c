/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "kad/dms-p2p-kad-operation.h"

#include "kad/dms-p2p-kad-core-private.h"
#include "kad/dms-p2p-kad-group.h"

static DmsP2pKadType
dms_p2p_kad_operation_get_question_type (DmsP2pKadKind kind)
{
  switch (kind)
    {
    case DMS_P2P_KAD_GET:
      return DMS_P2P_KAD_GET_VALUE;
    case DMS_P2P_KAD_FIND_PROVIDERS:
      return DMS_P2P_KAD_GET_PROVIDERS;
    case DMS_P2P_KAD_FIND_CLOSEST:
    case DMS_P2P_KAD_FIND_PEER:
    case DMS_P2P_KAD_PUT:
    case DMS_P2P_KAD_PROVIDE:
    default:
      return DMS_P2P_KAD_FIND_NODE;
    }
}

DmsP2pKadOperation *
dms_p2p_kad_operation_new (DmsP2pKadCore *core,
                           DmsP2pKadKind kind,
                           GBytes *key,
                           DmsP2pKadDone done,
                           gpointer user_data)
{
  DmsP2pKadOperation *self = g_new0 (DmsP2pKadOperation, 1);
  g_autoptr (DmsP2pKadMessage) question =
      dms_p2p_kad_message_new (dms_p2p_kad_operation_get_question_type (kind), key);
  DmsP2pKadKey target;

  self->kind = kind;
  self->key = g_bytes_ref (key);
  self->done = done;
  self->user_data = user_data;
  self->question = dms_p2p_kad_message_encode (question);
  dms_p2p_kad_key_init_bytes (&target, key);
  self->query = dms_p2p_kad_query_new (&target, dms_p2p_kad_peer_get_key (core->self_peer));
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_kad_peer_unref);
  self->found_ids = g_hash_table_new ((GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal);
  self->holders = g_hash_table_new_full (
      (GHashFunc) dms_peer_id_hash, (GEqualFunc) dms_peer_id_equal, (GDestroyNotify) dms_peer_id_unref, NULL);
  return self;
}

void
dms_p2p_kad_operation_free (DmsP2pKadOperation *self)
{
  g_clear_pointer (&self->query, dms_p2p_kad_query_free);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_pointer (&self->question, g_bytes_unref);
  g_clear_pointer (&self->value, g_bytes_unref);
  g_clear_pointer (&self->holders, g_hash_table_unref);
  g_clear_pointer (&self->found_ids, g_hash_table_unref);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* Answers */

/* (transfer full): @peer where who tells of it, at @remote, can know it to be; where it is known to be anyway
 * when that is nowhere. Without addresses when nobody knows. */
static DmsP2pKadPeer *
dms_p2p_kad_operation_locate (DmsP2pKadCore *core, DmsP2pKadPeer *peer, DmsMultiaddr *remote)
{
  g_autoptr (GPtrArray) told =
      dms_p2p_kad_group_filter (dms_p2p_kad_peer_get_addresses (peer), remote, DMS_P2P_KAD_MAX_ADDRESSES);

  if (told->len == 0)
    {
      g_autoptr (GPtrArray) known =
          core->environment.dup_addresses (dms_p2p_kad_peer_get_id (peer), core->user_data);

      return dms_p2p_kad_peer_at (peer, known);
    }
  return dms_p2p_kad_peer_at (peer, told);
}

/* The one that is looked for: all that is said of where it is counts. */
void
dms_p2p_kad_operation_take_place (DmsP2pKadOperation *self, DmsP2pKadPeer *peer)
{
  GPtrArray *more = dms_p2p_kad_peer_get_addresses (peer);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  if (self->found->len > 0)
    {
      GPtrArray *before = dms_p2p_kad_peer_get_addresses (g_ptr_array_index (self->found, 0));

      for (guint i = 0; i < before->len; i++)
        g_ptr_array_add (all, dms_multiaddr_ref (g_ptr_array_index (before, i)));
    }
  for (guint i = 0; i < more->len && all->len < DMS_P2P_KAD_MAX_ADDRESSES; i++)
    if (!g_ptr_array_find_with_equal_func (
            all, g_ptr_array_index (more, i), (GEqualFunc) dms_multiaddr_equal, NULL))
      g_ptr_array_add (all, dms_multiaddr_ref (g_ptr_array_index (more, i)));
  g_ptr_array_set_size (self->found, 0);
  g_ptr_array_add (self->found, dms_p2p_kad_peer_at (peer, all));
}

static void
dms_p2p_kad_operation_take_closer (DmsP2pKadOperation *self,
                                   DmsP2pKadCore *core,
                                   DmsP2pKadPeer *from,
                                   DmsP2pKadMessage *answer,
                                   DmsMultiaddr *remote)
{
  for (guint i = 0; i < answer->closer->len; i++)
    {
      DmsP2pKadPeer *peer = g_ptr_array_index (answer->closer, i);
      g_autoptr (DmsP2pKadPeer) there = dms_p2p_kad_operation_locate (core, peer, remote);

      if (dms_p2p_kad_peer_get_addresses (there)->len == 0)
        continue;
      if (self->peer != NULL && dms_peer_id_equal (dms_p2p_kad_peer_get_id (there), self->peer))
        dms_p2p_kad_operation_take_place (self, there);
      dms_p2p_kad_query_add (self->query, there, from);
    }
}

void
dms_p2p_kad_operation_take_value (DmsP2pKadOperation *self,
                                  DmsP2pKadCore *core,
                                  DmsPeerId *holder,
                                  DmsP2pKadRecord *record)
{
  const DmsP2pKadNamespace *namespace = dms_p2p_kad_namespace_find (self->key);
  GBytes *value = dms_p2p_kad_record_get_value (record);
  gint64 now_s = core->environment.get_time_s (core->user_data);

  if (namespace == NULL || !g_bytes_equal (dms_p2p_kad_record_get_key (record), self->key) ||
      g_bytes_get_size (value) == 0)
    return;
  /* What has been checked need not be checked again. */
  if (self->value != NULL && g_bytes_equal (value, self->value))
    {
      g_hash_table_add (self->holders, dms_peer_id_ref (holder));
      return;
    }
  if (!namespace->validate (self->key, value, now_s, NULL) ||
      (self->value != NULL && namespace->compare (self->key, value, self->value) <= 0))
    return;
  g_clear_pointer (&self->value, g_bytes_unref);
  self->value = g_bytes_ref (value);
  g_hash_table_remove_all (self->holders);
  g_hash_table_add (self->holders, dms_peer_id_ref (holder));
}

void
dms_p2p_kad_operation_take_provider (DmsP2pKadOperation *self, DmsP2pKadPeer *provider)
{
  DmsPeerId *id = dms_p2p_kad_peer_get_id (provider);

  if (self->found->len >= self->max_found || g_hash_table_contains (self->found_ids, id))
    return;
  g_ptr_array_add (self->found, dms_p2p_kad_peer_ref (provider));
  g_hash_table_add (self->found_ids, id);
}

void
dms_p2p_kad_operation_take (DmsP2pKadOperation *self,
                            DmsP2pKadCore *core,
                            DmsP2pKadPeer *from,
                            DmsP2pKadMessage *answer,
                            DmsMultiaddr *remote)
{
  dms_p2p_kad_operation_take_closer (self, core, from, answer, remote);
  if (self->kind == DMS_P2P_KAD_GET && answer->record != NULL)
    dms_p2p_kad_operation_take_value (self, core, dms_p2p_kad_peer_get_id (from), answer->record);
  if (self->kind != DMS_P2P_KAD_FIND_PROVIDERS)
    return;
  for (guint i = 0; i < answer->providers->len; i++)
    {
      DmsP2pKadPeer *provider = g_ptr_array_index (answer->providers, i);
      g_autoptr (DmsP2pKadPeer) there = dms_p2p_kad_operation_locate (core, provider, remote);

      dms_p2p_kad_operation_take_provider (self, there);
    }
}

/* Who took a value says it again. */
void
dms_p2p_kad_operation_note_stored (DmsP2pKadOperation *self, gboolean is_good, DmsP2pKadMessage *answer)
{
  self->n_storing--;
  if (!is_good)
    return;
  if (answer == NULL || (answer->record != NULL && self->value != NULL &&
                         g_bytes_equal (dms_p2p_kad_record_get_value (answer->record), self->value)))
    self->n_stored++;
}

/* The end */

static GError *
dms_p2p_kad_operation_make_error (DmsP2pKadOperation *self)
{
  if (dms_p2p_kad_query_get_n_requests (self->query) == 0 && self->found->len == 0 && self->value == NULL)
    return g_error_new_literal (DMS_ERROR,
                                DMS_ERROR_UNAVAILABLE,
                                "no peer of the distributed hash table is known yet; connect to one");
  switch (self->kind)
    {
    case DMS_P2P_KAD_FIND_PEER:
      if (self->found->len == 0)
        return g_error_new (DMS_ERROR,
                            DMS_ERROR_NOT_FOUND,
                            "nobody knows where peer %s is",
                            dms_peer_id_get_text (self->peer));
      break;
    case DMS_P2P_KAD_GET:
      if (self->value == NULL)
        return g_error_new_literal (
            DMS_ERROR, DMS_ERROR_NOT_FOUND, "nobody has a valid value under this key");
      break;
    case DMS_P2P_KAD_PUT:
    case DMS_P2P_KAD_PROVIDE:
      if (self->n_stored == 0)
        return g_error_new_literal (
            DMS_ERROR,
            DMS_ERROR_UNAVAILABLE,
            "no peer has taken it; it is kept here, and offered again from time to time");
      break;
    case DMS_P2P_KAD_FIND_CLOSEST:
    case DMS_P2P_KAD_FIND_PROVIDERS:
    default:
      break;
    }
  return NULL;
}

/* Tells what is known now. */
static void
dms_p2p_kad_operation_tell (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  g_autoptr (GPtrArray) closest = dms_p2p_kad_query_list_closest (self->query, DMS_P2P_KAD_K, TRUE);
  g_autoptr (GError) error =
      self->error != NULL ? g_error_copy (self->error) : dms_p2p_kad_operation_make_error (self);
  gboolean is_search = self->kind == DMS_P2P_KAD_FIND_PEER || self->kind == DMS_P2P_KAD_FIND_PROVIDERS;
  g_autoptr (GPtrArray) peers = g_ptr_array_ref (is_search ? self->found : closest);
  g_autoptr (GBytes) value =
      self->kind == DMS_P2P_KAD_GET && self->value != NULL ? g_bytes_ref (self->value) : NULL;
  DmsP2pKadResult result = {
    .error = error,
    .peers = peers,
    .value = value,
    .n_stored = self->n_stored,
    .n_requests = dms_p2p_kad_query_get_n_requests (self->query),
    .hops = dms_p2p_kad_query_get_hops (self->query),
  };
  DmsP2pKadDone done = self->done;

  self->done = NULL;
  if (done != NULL)
    done (core, &result, self->user_data);
}

void
dms_p2p_kad_operation_finish (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  dms_p2p_kad_core_forget_operation (core, self);
  dms_p2p_kad_core_give_up (core, self->number);
  dms_p2p_kad_operation_tell (self, core);
  dms_p2p_kad_operation_free (self);
}

/* Storing */

static void
dms_p2p_kad_operation_store_with (DmsP2pKadOperation *self,
                                  DmsP2pKadCore *core,
                                  DmsP2pKadPeer *peer,
                                  DmsP2pKadType type,
                                  GBytes *message)
{
  dms_p2p_kad_core_send (core, peer, type, message, self->number)->is_store = TRUE;
  self->n_storing++;
}

static GBytes *
dms_p2p_kad_operation_make_put (DmsP2pKadOperation *self)
{
  g_autoptr (DmsP2pKadMessage) put = dms_p2p_kad_message_new (DMS_P2P_KAD_PUT_VALUE, self->key);

  put->record = dms_p2p_kad_record_new (self->key, self->value, NULL);
  return dms_p2p_kad_message_encode (put);
}

static GBytes *
dms_p2p_kad_operation_make_provide (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  g_autoptr (DmsP2pKadMessage) add = dms_p2p_kad_message_new (DMS_P2P_KAD_ADD_PROVIDER, self->key);
  g_autoptr (GPtrArray) addresses =
      core->environment.dup_addresses (dms_p2p_kad_peer_get_id (core->self_peer), core->user_data);

  g_ptr_array_add (add->providers, dms_p2p_kad_peer_at (core->self_peer, addresses));
  return dms_p2p_kad_message_encode (add);
}

/* Those that were asked and have another value, or none, get the best one: nobody waits for that. */
static void
dms_p2p_kad_operation_correct (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  g_autoptr (GPtrArray) closest = dms_p2p_kad_query_list_closest (self->query, DMS_P2P_KAD_K, TRUE);
  g_autoptr (GBytes) put = dms_p2p_kad_operation_make_put (self);

  for (guint i = 0; i < closest->len; i++)
    {
      DmsP2pKadPeer *peer = g_ptr_array_index (closest, i);

      if (!g_hash_table_contains (self->holders, dms_p2p_kad_peer_get_id (peer)))
        dms_p2p_kad_operation_store_with (self, core, peer, DMS_P2P_KAD_PUT_VALUE, put);
    }
}

static void
dms_p2p_kad_operation_begin_storing (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  gboolean is_put = self->kind == DMS_P2P_KAD_PUT;
  DmsP2pKadType type = is_put ? DMS_P2P_KAD_PUT_VALUE : DMS_P2P_KAD_ADD_PROVIDER;
  g_autoptr (GPtrArray) closest = dms_p2p_kad_query_list_closest (self->query, DMS_P2P_KAD_K, TRUE);
  g_autoptr (GBytes) message =
      is_put ? dms_p2p_kad_operation_make_put (self) : dms_p2p_kad_operation_make_provide (self, core);

  for (guint i = 0; i < closest->len; i++)
    dms_p2p_kad_operation_store_with (self, core, g_ptr_array_index (closest, i), type, message);
}

/* The lookup has ended: what follows from it. */
static void
dms_p2p_kad_operation_conclude (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  self->is_storing = TRUE;
  dms_p2p_kad_core_give_up (core, self->number);
  if (self->kind == DMS_P2P_KAD_PUT || self->kind == DMS_P2P_KAD_PROVIDE)
    dms_p2p_kad_operation_begin_storing (self, core);
  else if (self->kind == DMS_P2P_KAD_GET && self->value != NULL && self->done != NULL)
    {
      guint64 number = self->number;

      dms_p2p_kad_operation_tell (self, core);
      g_return_if_fail (dms_p2p_kad_core_find_operation (core, number) == self);
      dms_p2p_kad_operation_correct (self, core);
    }
}

/* The way */

static gboolean
dms_p2p_kad_operation_has_enough (DmsP2pKadOperation *self)
{
  switch (self->kind)
    {
    case DMS_P2P_KAD_GET:
      return self->value != NULL && g_hash_table_size (self->holders) >= self->quorum;
    case DMS_P2P_KAD_FIND_PROVIDERS:
      return self->found->len >= self->max_found;
    case DMS_P2P_KAD_FIND_PEER:
      {
        /* It is at no distance at all: the first one, once it has answered. */
        g_autoptr (GPtrArray) closest = dms_p2p_kad_query_list_closest (self->query, 1, TRUE);

        return closest->len > 0 &&
               dms_peer_id_equal (dms_p2p_kad_peer_get_id (g_ptr_array_index (closest, 0)), self->peer);
      }
    case DMS_P2P_KAD_FIND_CLOSEST:
    case DMS_P2P_KAD_PUT:
    case DMS_P2P_KAD_PROVIDE:
    default:
      return FALSE;
    }
}

static void
dms_p2p_kad_operation_ask (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  DmsP2pKadType type = dms_p2p_kad_operation_get_question_type (self->kind);
  DmsP2pKadPeer *peer = dms_p2p_kad_query_next (self->query);

  while (peer != NULL)
    {
      dms_p2p_kad_core_send (core, peer, type, self->question, self->number);
      peer = dms_p2p_kad_query_next (self->query);
    }
}

/* Whether the lookup has ended; it is made to go on to all of the closest where their being there matters
 * (go-libp2p-kad-dht: lookup followup). */
static gboolean
dms_p2p_kad_operation_look (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  if (dms_p2p_kad_operation_has_enough (self))
    return TRUE;
  if (dms_p2p_kad_query_is_done (self->query))
    {
      if (self->is_follow_up || self->kind == DMS_P2P_KAD_FIND_PEER)
        return TRUE;
      self->is_follow_up = TRUE;
      dms_p2p_kad_query_follow_up (self->query);
    }
  dms_p2p_kad_operation_ask (self, core);
  return dms_p2p_kad_query_is_done (self->query) && self->is_follow_up;
}

void
dms_p2p_kad_operation_step (DmsP2pKadOperation *self, DmsP2pKadCore *core)
{
  if (self->error != NULL)
    {
      dms_p2p_kad_operation_finish (self, core);
      return;
    }
  if (!self->is_storing && dms_p2p_kad_operation_look (self, core))
    dms_p2p_kad_operation_conclude (self, core);
  if (self->is_storing && self->n_storing == 0)
    dms_p2p_kad_operation_finish (self, core);
}
