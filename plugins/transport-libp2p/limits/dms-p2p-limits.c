/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "limits/dms-p2p-limits-private.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Connections and streams as the nodes in the field have them (libp2p facts, section 1); how they are shared
 * out is go-libp2p's resource manager (p2p/host/resource-manager, limit_defaults.go and conn_limiter.go). */
enum
{
  DMS_P2P_LIMITS_CONNECTIONS = 1024,
  DMS_P2P_LIMITS_CONNECTIONS_INBOUND = 512,
  DMS_P2P_LIMITS_STREAMS = 16384,
  DMS_P2P_LIMITS_STREAMS_INBOUND = 8192,
  DMS_P2P_LIMITS_TRANSIENT_CONNECTIONS = 256,
  DMS_P2P_LIMITS_TRANSIENT_CONNECTIONS_INBOUND = 128,
  DMS_P2P_LIMITS_TRANSIENT_STREAMS = 2048,
  DMS_P2P_LIMITS_TRANSIENT_STREAMS_INBOUND = 1024,
  DMS_P2P_LIMITS_PEER_CONNECTIONS = 8,
  DMS_P2P_LIMITS_PEER_CONNECTIONS_INBOUND = 4,
  DMS_P2P_LIMITS_PEER_STREAMS = 512,
  DMS_P2P_LIMITS_PEER_STREAMS_INBOUND = 256,
  DMS_P2P_LIMITS_PEER_DESCRIPTORS = 8,
  DMS_P2P_LIMITS_IP_CONNECTIONS_INBOUND = 8,
  DMS_P2P_LIMITS_IP_BLOCK_CONNECTIONS_INBOUND = 16,
  DMS_P2P_LIMITS_PROTOCOL_STREAMS = 8192,
  DMS_P2P_LIMITS_PROTOCOL_STREAMS_INBOUND = 4096,
  /* go-libp2p scales with 1/8 of the memory and half of the descriptors of the machine. */
  DMS_P2P_LIMITS_MEMORY_SHARE = 8,
  DMS_P2P_LIMITS_DESCRIPTORS_SHARE = 2,
  DMS_P2P_LIMITS_TRANSIENT_SHARE = 4,
  DMS_P2P_LIMITS_PEER_MEMORY_SHARE = 2,
  /* Refusals that are remembered one by one. */
  DMS_P2P_LIMITS_MAX_REFUSALS = 64,
  /* Rows of to_json() for one kind of scope. */
  DMS_P2P_LIMITS_MAX_ROWS = 64,
};

#define DMS_P2P_LIMITS_PEER_MEMORY       (64 * G_GUINT64_CONSTANT (1024) * 1024)
#define DMS_P2P_LIMITS_LEAST_MEMORY      (16 * G_GUINT64_CONSTANT (1024) * 1024)
#define DMS_P2P_LIMITS_LEAST_DESCRIPTORS 16

/* A scope that comes and goes, and was refused something. */
typedef struct
{
  DmsP2pScopeKind kind;
  DmsP2pResource resource;
  char *name;
  guint64 used;
  guint64 refused;
} DmsP2pRefusal;

/**
 * DmsP2pLimits:
 *
 * What one host spends, counted and bounded. Lives in one main context.
 *
 * State of single peers, IPs and protocols is there only while something of theirs is: it is bounded by the
 * limits of the system.
 */
struct _DmsP2pLimits
{
  GObject parent_instance;

  guint64 limits[DMS_P2P_N_SCOPES][DMS_P2P_N_RESOURCES];
  /* Of all scopes of a kind together: the refusals, and the most that one of them has had. */
  guint64 refused[DMS_P2P_N_SCOPES][DMS_P2P_N_RESOURCES];
  guint64 peak[DMS_P2P_N_SCOPES][DMS_P2P_N_RESOURCES];
  /* Name to DmsP2pScope. */
  GHashTable *scopes[DMS_P2P_N_SCOPES];
  /* DmsP2pRefusal, the latest last. */
  GQueue refusals;
};

G_DEFINE_FINAL_TYPE (DmsP2pLimits, dms_p2p_limits, G_TYPE_OBJECT)

static gboolean
dms_p2p_scope_kind_is_single (DmsP2pScopeKind kind)
{
  return kind == DMS_P2P_SCOPE_SYSTEM || kind == DMS_P2P_SCOPE_TRANSIENT || kind == DMS_P2P_SCOPE_LOOPBACK;
}

static void
dms_p2p_refusal_free (gpointer data)
{
  DmsP2pRefusal *self = data;

  g_free (self->name);
  g_free (self);
}

static void
dms_p2p_limits_finalize (GObject *object)
{
  DmsP2pLimits *self = DMS_P2P_LIMITS (object);

  for (guint i = 0; i < DMS_P2P_N_SCOPES; i++)
    g_clear_pointer (&self->scopes[i], g_hash_table_unref);
  g_queue_clear_full (&self->refusals, dms_p2p_refusal_free);
  G_OBJECT_CLASS (dms_p2p_limits_parent_class)->finalize (object);
}

static void
dms_p2p_limits_class_init (DmsP2pLimitsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_limits_finalize;
}

static void
dms_p2p_limits_init (DmsP2pLimits *self)
{
  g_queue_init (&self->refusals);
  for (guint i = 0; i < DMS_P2P_N_SCOPES; i++)
    {
      self->scopes[i] =
          g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) dms_p2p_scope_free);
      if (dms_p2p_scope_kind_is_single (i))
        dms_p2p_limits_acquire_scope (self, i, dms_p2p_scope_kind_get_name (i));
      for (guint j = 0; j < DMS_P2P_N_RESOURCES; j++)
        self->limits[i][j] = G_MAXUINT64;
    }
}

static void
dms_p2p_limits_set_counts (DmsP2pLimits *self,
                           DmsP2pScopeKind kind,
                           DmsP2pResource resource,
                           guint64 all,
                           guint64 inbound)
{
  self->limits[kind][resource] = all;
  self->limits[kind][resource + 1] = inbound;
  self->limits[kind][resource + 2] = all;
}

static guint64
dms_p2p_limits_find_memory (void)
{
  glong pages = sysconf (_SC_PHYS_PAGES);
  glong size = sysconf (_SC_PAGESIZE);

  return pages > 0 && size > 0 ? (guint64) pages * (guint64) size / DMS_P2P_LIMITS_MEMORY_SHARE : 0;
}

static guint64
dms_p2p_limits_find_descriptors (void)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / DMS_P2P_LIMITS_DESCRIPTORS_SHARE : 0;
}

/**
 * dms_p2p_limits_new:
 * @memory: bytes that all connections together may hold; 0 for an eighth of the machine's
 * @descriptors: how many descriptors they may have; 0 for half of what this process may have
 *
 * Returns: (transfer full): limits as the nodes in the field have them
 */
DmsP2pLimits *
dms_p2p_limits_new (guint64 memory, guint descriptors)
{
  DmsP2pLimits *self = g_object_new (DMS_TYPE_P2P_LIMITS, NULL);
  guint64 n_descriptors = descriptors > 0 ? descriptors : dms_p2p_limits_find_descriptors ();

  if (memory == 0)
    memory = dms_p2p_limits_find_memory ();
  memory = MAX (memory, DMS_P2P_LIMITS_LEAST_MEMORY);
  n_descriptors = MAX (n_descriptors, DMS_P2P_LIMITS_LEAST_DESCRIPTORS);

  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_SYSTEM,
                             DMS_P2P_RESOURCE_CONNECTIONS,
                             DMS_P2P_LIMITS_CONNECTIONS,
                             DMS_P2P_LIMITS_CONNECTIONS_INBOUND);
  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_SYSTEM,
                             DMS_P2P_RESOURCE_STREAMS,
                             DMS_P2P_LIMITS_STREAMS,
                             DMS_P2P_LIMITS_STREAMS_INBOUND);
  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_TRANSIENT,
                             DMS_P2P_RESOURCE_CONNECTIONS,
                             DMS_P2P_LIMITS_TRANSIENT_CONNECTIONS,
                             DMS_P2P_LIMITS_TRANSIENT_CONNECTIONS_INBOUND);
  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_TRANSIENT,
                             DMS_P2P_RESOURCE_STREAMS,
                             DMS_P2P_LIMITS_TRANSIENT_STREAMS,
                             DMS_P2P_LIMITS_TRANSIENT_STREAMS_INBOUND);
  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_PEER,
                             DMS_P2P_RESOURCE_CONNECTIONS,
                             DMS_P2P_LIMITS_PEER_CONNECTIONS,
                             DMS_P2P_LIMITS_PEER_CONNECTIONS_INBOUND);
  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_PEER,
                             DMS_P2P_RESOURCE_STREAMS,
                             DMS_P2P_LIMITS_PEER_STREAMS,
                             DMS_P2P_LIMITS_PEER_STREAMS_INBOUND);
  dms_p2p_limits_set_counts (self,
                             DMS_P2P_SCOPE_PROTOCOL,
                             DMS_P2P_RESOURCE_STREAMS,
                             DMS_P2P_LIMITS_PROTOCOL_STREAMS,
                             DMS_P2P_LIMITS_PROTOCOL_STREAMS_INBOUND);
  /* Whom this host dials is its own choice: only what comes in is bounded. */
  self->limits[DMS_P2P_SCOPE_IP][DMS_P2P_RESOURCE_CONNECTIONS_INBOUND] =
      DMS_P2P_LIMITS_IP_CONNECTIONS_INBOUND;
  self->limits[DMS_P2P_SCOPE_IP_BLOCK][DMS_P2P_RESOURCE_CONNECTIONS_INBOUND] =
      DMS_P2P_LIMITS_IP_BLOCK_CONNECTIONS_INBOUND;

  self->limits[DMS_P2P_SCOPE_SYSTEM][DMS_P2P_RESOURCE_MEMORY] = memory;
  self->limits[DMS_P2P_SCOPE_TRANSIENT][DMS_P2P_RESOURCE_MEMORY] = memory / DMS_P2P_LIMITS_TRANSIENT_SHARE;
  self->limits[DMS_P2P_SCOPE_PEER][DMS_P2P_RESOURCE_MEMORY] =
      MIN (DMS_P2P_LIMITS_PEER_MEMORY, memory / DMS_P2P_LIMITS_PEER_MEMORY_SHARE);
  self->limits[DMS_P2P_SCOPE_SYSTEM][DMS_P2P_RESOURCE_DESCRIPTORS] = n_descriptors;
  self->limits[DMS_P2P_SCOPE_TRANSIENT][DMS_P2P_RESOURCE_DESCRIPTORS] =
      n_descriptors / DMS_P2P_LIMITS_TRANSIENT_SHARE;
  self->limits[DMS_P2P_SCOPE_PEER][DMS_P2P_RESOURCE_DESCRIPTORS] = DMS_P2P_LIMITS_PEER_DESCRIPTORS;
  return self;
}

DmsP2pScope *
dms_p2p_limits_acquire_scope (DmsP2pLimits *self, DmsP2pScopeKind kind, const char *name)
{
  DmsP2pScope *scope = g_hash_table_lookup (self->scopes[kind], name);

  if (scope == NULL)
    {
      scope = dms_p2p_scope_new (kind, name);
      g_hash_table_insert (self->scopes[kind], scope->name, scope);
    }
  scope->n_users++;
  return scope;
}

void
dms_p2p_limits_release_scope (DmsP2pLimits *self, DmsP2pScope *scope)
{
  g_assert (scope->n_users > 0);
  if (--scope->n_users > 0)
    return;
  for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
    self->peak[scope->kind][i] = MAX (self->peak[scope->kind][i], scope->peak[i]);
  g_hash_table_remove (self->scopes[scope->kind], scope->name);
}

static void
dms_p2p_limits_note_refusal (DmsP2pLimits *self, DmsP2pScope *scope, DmsP2pResource resource)
{
  DmsP2pRefusal *refusal = NULL;

  scope->refused[resource]++;
  self->refused[scope->kind][resource]++;
  if (dms_p2p_scope_kind_is_single (scope->kind))
    return;
  for (GList *l = self->refusals.head; l != NULL; l = l->next)
    {
      refusal = l->data;
      if (refusal->kind == scope->kind && refusal->resource == resource &&
          strcmp (refusal->name, scope->name) == 0)
        {
          refusal->used = scope->used[resource];
          refusal->refused++;
          return;
        }
    }
  refusal = g_new0 (DmsP2pRefusal, 1);
  refusal->kind = scope->kind;
  refusal->resource = resource;
  refusal->name = g_strdup (scope->name);
  refusal->used = scope->used[resource];
  refusal->refused = 1;
  g_queue_push_tail (&self->refusals, refusal);
  if (self->refusals.length > DMS_P2P_LIMITS_MAX_REFUSALS)
    dms_p2p_refusal_free (g_queue_pop_head (&self->refusals));
}

gboolean
dms_p2p_limits_check (DmsP2pLimits *self, DmsP2pScope *scope, const guint64 *amounts, GError **error)
{
  const guint64 *limits = self->limits[scope->kind];
  DmsP2pResource resource = dms_p2p_scope_check (scope, limits, amounts);
  g_autoptr (GError) local = NULL;
  g_autofree char *limit = NULL;

  if (resource == DMS_P2P_N_RESOURCES)
    return TRUE;
  dms_p2p_limits_note_refusal (self, scope, resource);
  limit = g_strdup_printf (
      "%s/%s", dms_p2p_scope_kind_get_name (scope->kind), dms_p2p_resource_get_name (resource));
  local = g_error_new (DMS_ERROR,
                       DMS_ERROR_BUSY,
                       "the limit %s%s%s%s does not allow %" G_GUINT64_FORMAT " more: %" G_GUINT64_FORMAT
                       " of %" G_GUINT64_FORMAT " are used; try again later, or raise the limit",
                       limit,
                       dms_p2p_scope_kind_is_single (scope->kind) ? "" : " (of ",
                       dms_p2p_scope_kind_is_single (scope->kind) ? "" : scope->name,
                       dms_p2p_scope_kind_is_single (scope->kind) ? "" : ")",
                       amounts[resource],
                       scope->used[resource],
                       limits[resource]);
  /* There are so many limits, and no more. */
  dms_error_set_reason (local, g_intern_string (limit));
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* The network of so many bits that an address is in. */
static char *
dms_p2p_limits_dup_network (const guint8 *bytes, guint bits)
{
  guint8 network[16] = { 0 };
  g_autoptr (GInetAddress) address = NULL;
  g_autofree char *text = NULL;

  memcpy (network, bytes, bits / 8);
  address = g_inet_address_new_from_bytes (network, G_SOCKET_FAMILY_IPV6);
  text = g_inet_address_to_string (address);
  return g_strdup_printf ("%s/%u", text, bits);
}

static void
dms_p2p_limits_enter_ip (DmsP2pReservation *reservation, GInetAddress *ip)
{
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (ip);
  g_autoptr (GInetAddress) plain = NULL;
  g_autofree char *network = NULL;
  g_autofree char *block = NULL;

  if (g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV6 && memcmp (bytes, mapped, sizeof mapped) == 0)
    plain = g_inet_address_new_from_bytes (bytes + sizeof mapped, G_SOCKET_FAMILY_IPV4);
  else
    plain = g_object_ref (ip);
  if (g_inet_address_get_is_loopback (plain))
    {
      dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_LOOPBACK, "loopback");
      return;
    }
  if (g_inet_address_get_family (plain) == G_SOCKET_FAMILY_IPV4)
    {
      network = g_inet_address_to_string (plain);
      dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_IP, network);
      return;
    }
  network = dms_p2p_limits_dup_network (bytes, 64);
  block = dms_p2p_limits_dup_network (bytes, 56);
  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_IP, network);
  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_IP_BLOCK, block);
}

/**
 * dms_p2p_limits_reserve_connection:
 * @self: the limits
 * @ip: (nullable): from or to where; %NULL when it is relayed
 * @is_inbound: whether the other side dials
 * @uses_descriptor: whether it takes a descriptor of its own, as TCP does
 * @error: return location for %DMS_ERROR_BUSY, which names the limit
 *
 * Counts a connection whose peer is not known yet.
 *
 * Returns: (transfer full) (nullable): what it holds
 */
DmsP2pReservation *
dms_p2p_limits_reserve_connection (DmsP2pLimits *self,
                                   GInetAddress *ip,
                                   gboolean is_inbound,
                                   gboolean uses_descriptor,
                                   GError **error)
{
  g_autoptr (DmsP2pReservation) reservation = dms_p2p_reservation_new (self);
  const guint64 amounts[DMS_P2P_N_RESOURCES] = {
    [DMS_P2P_RESOURCE_CONNECTIONS] = 1,
    [DMS_P2P_RESOURCE_CONNECTIONS_INBOUND] = is_inbound ? 1 : 0,
    [DMS_P2P_RESOURCE_CONNECTIONS_OUTBOUND] = is_inbound ? 0 : 1,
    [DMS_P2P_RESOURCE_DESCRIPTORS] = uses_descriptor ? 1 : 0,
  };

  /* The narrowest first: a crowd from one IP is refused, and told, as that. */
  if (ip != NULL)
    dms_p2p_limits_enter_ip (reservation, ip);
  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_TRANSIENT, "transient");
  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_SYSTEM, "system");
  if (!dms_p2p_reservation_take (reservation, amounts, error))
    return NULL;
  return g_steal_pointer (&reservation);
}

/**
 * dms_p2p_limits_reserve_stream:
 * @self: the limits
 * @peer: with whom
 * @is_inbound: whether the other side opens it
 * @error: return location for %DMS_ERROR_BUSY, which names the limit
 *
 * Counts a stream whose protocol is not known yet.
 *
 * Returns: (transfer full) (nullable): what it holds
 */
DmsP2pReservation *
dms_p2p_limits_reserve_stream (DmsP2pLimits *self, DmsPeerId *peer, gboolean is_inbound, GError **error)
{
  g_autoptr (DmsP2pReservation) reservation = dms_p2p_reservation_new (self);
  const guint64 amounts[DMS_P2P_N_RESOURCES] = {
    [DMS_P2P_RESOURCE_STREAMS] = 1,
    [DMS_P2P_RESOURCE_STREAMS_INBOUND] = is_inbound ? 1 : 0,
    [DMS_P2P_RESOURCE_STREAMS_OUTBOUND] = is_inbound ? 0 : 1,
  };

  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_PEER, dms_peer_id_get_text (peer));
  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_TRANSIENT, "transient");
  dms_p2p_reservation_enter (reservation, DMS_P2P_SCOPE_SYSTEM, "system");
  if (!dms_p2p_reservation_take (reservation, amounts, error))
    return NULL;
  return g_steal_pointer (&reservation);
}

static void
dms_p2p_limits_add_row (JsonArray *rows,
                        const char *scope,
                        DmsP2pResource resource,
                        guint64 limit,
                        guint64 used,
                        guint64 peak,
                        guint64 refused)
{
  JsonObject *row = json_object_new ();

  json_object_set_string_member (row, "scope", scope);
  json_object_set_string_member (row, "resource", dms_p2p_resource_get_name (resource));
  json_object_set_int_member (row, "used", (gint64) MIN (used, G_MAXINT64));
  /* What has no limit says none. */
  if (limit < G_MAXINT64)
    json_object_set_int_member (row, "limit", (gint64) limit);
  json_object_set_int_member (row, "peak", (gint64) MIN (peak, G_MAXINT64));
  json_object_set_int_member (row, "refused", (gint64) MIN (refused, G_MAXINT64));
  json_array_add_object_element (rows, row);
}

static void
dms_p2p_limits_add_single (DmsP2pLimits *self, DmsP2pScopeKind kind, JsonArray *rows)
{
  const char *name = dms_p2p_scope_kind_get_name (kind);
  DmsP2pScope *scope = g_hash_table_lookup (self->scopes[kind], name);

  for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
    if (self->limits[kind][i] < G_MAXUINT64 || scope->peak[i] > 0)
      dms_p2p_limits_add_row (
          rows, name, i, self->limits[kind][i], scope->used[i], scope->peak[i], scope->refused[i]);
}

/* Of all of a kind: the one that uses most now, the most that one ever used, and all refusals. */
static void
dms_p2p_limits_add_kind (DmsP2pLimits *self, DmsP2pScopeKind kind, JsonArray *rows)
{
  guint64 used[DMS_P2P_N_RESOURCES] = { 0 };
  guint64 peak[DMS_P2P_N_RESOURCES];
  GHashTableIter iter;
  gpointer value;

  memcpy (peak, self->peak[kind], sizeof peak);
  g_hash_table_iter_init (&iter, self->scopes[kind]);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
      {
        used[i] = MAX (used[i], ((DmsP2pScope *) value)->used[i]);
        peak[i] = MAX (peak[i], ((DmsP2pScope *) value)->peak[i]);
      }
  for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
    if (self->limits[kind][i] < G_MAXUINT64)
      dms_p2p_limits_add_row (rows,
                              dms_p2p_scope_kind_get_name (kind),
                              i,
                              self->limits[kind][i],
                              used[i],
                              peak[i],
                              self->refused[kind][i]);
}

/* Those that are at half their limit. Those that were refused something come from the list of refusals. */
static void
dms_p2p_limits_add_busy (DmsP2pLimits *self, DmsP2pScopeKind kind, JsonArray *rows)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->scopes[kind]);
  while (n < DMS_P2P_LIMITS_MAX_ROWS && g_hash_table_iter_next (&iter, NULL, &value))
    {
      DmsP2pScope *scope = value;
      g_autofree char *name = g_strdup_printf ("%s:%s", dms_p2p_scope_kind_get_name (kind), scope->name);

      for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
        {
          guint64 limit = self->limits[kind][i];

          if (limit == G_MAXUINT64 || scope->used[i] == 0 || scope->used[i] < limit - limit / 2 ||
              scope->refused[i] > 0)
            continue;
          dms_p2p_limits_add_row (rows, name, i, limit, scope->used[i], scope->peak[i], 0);
          n++;
        }
    }
}

/**
 * dms_p2p_limits_to_json:
 * @self: the limits
 *
 * Returns: (transfer full): an array of rows: the fixed scopes, what all peers, IPs and protocols have in
 * common
 * (`used` is that of whoever uses most), then single ones (`peer:12D3KooW…`) that are at half their limit or
 * were refused something lately
 */
JsonNode *
dms_p2p_limits_to_json (DmsP2pLimits *self)
{
  JsonNode *node = json_node_alloc ();
  JsonArray *rows = json_array_new ();

  for (guint i = 0; i < DMS_P2P_N_SCOPES; i++)
    if (dms_p2p_scope_kind_is_single (i))
      dms_p2p_limits_add_single (self, i, rows);
    else
      dms_p2p_limits_add_kind (self, i, rows);
  for (guint i = 0; i < DMS_P2P_N_SCOPES; i++)
    if (!dms_p2p_scope_kind_is_single (i))
      dms_p2p_limits_add_busy (self, i, rows);
  for (GList *l = self->refusals.head; l != NULL; l = l->next)
    {
      DmsP2pRefusal *refusal = l->data;
      DmsP2pScope *live = g_hash_table_lookup (self->scopes[refusal->kind], refusal->name);
      g_autofree char *shown = g_utf8_make_valid (refusal->name, -1);
      g_autofree char *name = g_strdup_printf ("%s:%s", dms_p2p_scope_kind_get_name (refusal->kind), shown);
      guint64 used = live != NULL ? live->used[refusal->resource] : 0;

      dms_p2p_limits_add_row (rows,
                              name,
                              refusal->resource,
                              self->limits[refusal->kind][refusal->resource],
                              used,
                              MAX (used, refusal->used),
                              refusal->refused);
    }
  json_node_init_array (node, rows);
  json_array_unref (rows);
  return node;
}

/**
 * dms_p2p_limits_set:
 * @self: the limits
 * @scope: `system`, `transient`, `peer`, `ip`, `ip-block` (an IPv6 /56), `loopback` or `protocol`
 * @resource: `memory` in bytes, `descriptors`, `connections`, `connections-inbound`, `connections-outbound`,
 * `streams`, `streams-inbound` or `streams-outbound`
 * @limit: the most there may be from now on. What is held already stays
 * @error: return location for %DMS_ERROR_INVALID_ARGUMENT
 *
 * Changes one limit.
 *
 * Returns: whether there is such a limit
 */
gboolean
dms_p2p_limits_set (DmsP2pLimits *self,
                    const char *scope,
                    const char *resource,
                    guint64 limit,
                    GError **error)
{
  guint kind = 0;
  guint what = 0;

  while (kind < DMS_P2P_N_SCOPES && g_strcmp0 (scope, dms_p2p_scope_kind_get_name (kind)) != 0)
    kind++;
  while (what < DMS_P2P_N_RESOURCES && g_strcmp0 (resource, dms_p2p_resource_get_name (what)) != 0)
    what++;
  if (kind == DMS_P2P_N_SCOPES || what == DMS_P2P_N_RESOURCES)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_ARGUMENT,
                   "there is no limit “%s/%s”; name one as in system/connections-inbound",
                   scope,
                   resource);
      return FALSE;
    }
  self->limits[kind][what] = limit;
  return TRUE;
}
