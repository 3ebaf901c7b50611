/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-port-ledger.h"

enum
{
  FIRST_PORT = 1025,
  LAST_PORT = 65535,
  MAX_PORTS = 1024,
};

struct _DmsPortLedger
{
  GObject parent_instance;

  DmsStore *store;
  guint from;
  guint to;
};

G_DEFINE_FINAL_TYPE (DmsPortLedger, dms_port_ledger, G_TYPE_OBJECT)

static void
dms_port_ledger_finalize (GObject *object)
{
  g_clear_object (&DMS_PORT_LEDGER (object)->store);

  G_OBJECT_CLASS (dms_port_ledger_parent_class)->finalize (object);
}

static void
dms_port_ledger_class_init (DmsPortLedgerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_port_ledger_finalize;
}

static void
dms_port_ledger_init (DmsPortLedger *self)
{
}

/**
 * dms_port_ledger_new:
 * @store: the database
 * @from: the first port that may be given away
 * @to: the last
 *
 * Returns: (transfer full): the ledger kept in it
 */
DmsPortLedger *
dms_port_ledger_new (DmsStore *store, guint from, guint to)
{
  DmsPortLedger *self = g_object_new (DMS_TYPE_PORT_LEDGER, NULL);

  self->store = g_object_ref (store);
  self->from = CLAMP (from, FIRST_PORT, LAST_PORT);
  self->to = CLAMP (to, FIRST_PORT, LAST_PORT);
  return self;
}

/* (transfer full) (element-type guint16): everything somebody holds, as a set. */
static GHashTable *
read_taken (DmsPortLedger *self, GError **error)
{
  g_autoptr (DmsStatement) statement = dms_store_prepare (self->store, "SELECT port FROM ports", error);
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  gboolean row;

  if (statement == NULL)
    return NULL;
  do
    {
      if (!dms_statement_step (statement, &row, error))
        return NULL;
      if (row)
        g_hash_table_add (taken, GUINT_TO_POINTER ((guint) dms_statement_get_int64 (statement, 0)));
    }
  while (row);
  return g_steal_pointer (&taken);
}

static gboolean
is_used (guint16 port, GSocketFamily family)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GInetAddress) any = g_inet_address_new_any (family);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, port);

  /* A machine without this family of addresses has nobody on its ports either. */
  if (socket == NULL || g_socket_bind (socket, address, TRUE, &error))
    return FALSE;
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

/* Somebody else's listening socket makes the bind fail; ours is closed at once and never listens. */
static gboolean
can_bind (guint16 port)
{
  return !is_used (port, G_SOCKET_FAMILY_IPV4) && !is_used (port, G_SOCKET_FAMILY_IPV6);
}

static gboolean
check_static (DmsPortLedger *self, GHashTable *taken, const guint16 *ports, gsize n_ports, GError **error)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (NULL, NULL);

  for (gsize i = 0; i < n_ports; i++)
    {
      gpointer key = GUINT_TO_POINTER ((guint) ports[i]);
      if (ports[i] < self->from || ports[i] > self->to)
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_OUT_OF_RANGE,
                       "port %u is outside the ports %u to %u that this machine gives away",
                       ports[i],
                       self->from,
                       self->to);
          return FALSE;
        }
      if (!g_hash_table_add (asked, key) || g_hash_table_contains (taken, key) || !can_bind (ports[i]))
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_NO_RESOURCES,
                       "ports are already allocated: port %u is in use",
                       ports[i]);
          return FALSE;
        }
    }
  return TRUE;
}

/* (element-type guint16): the first free ones that are not among @ports. */
static GArray *
find_dynamic (DmsPortLedger *self,
              GHashTable *taken,
              const guint16 *ports,
              gsize n_ports,
              guint n_dynamic,
              GError **error)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr (GHashTable) asked = g_hash_table_new (NULL, NULL);

  for (gsize i = 0; i < n_ports; i++)
    g_hash_table_add (asked, GUINT_TO_POINTER ((guint) ports[i]));
  for (guint port = self->from; port <= self->to && found->len < n_dynamic; port++)
    {
      gpointer key = GUINT_TO_POINTER (port);
      guint16 number = (guint16) port;
      if (!g_hash_table_contains (taken, key) && !g_hash_table_contains (asked, key) && can_bind (number))
        g_array_append_val (found, number);
    }
  if (found->len < n_dynamic)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NO_RESOURCES,
                   "dynamic ports not available: %u wanted, %u of the ports %u to %u are free",
                   n_dynamic,
                   found->len,
                   self->from,
                   self->to);
      return NULL;
    }
  return g_steal_pointer (&found);
}

static GArray *
find_all (DmsPortLedger *self, const guint16 *ports, gsize n_ports, guint n_dynamic, GError **error)
{
  g_autoptr (GHashTable) taken = NULL;

  if (n_ports > MAX_PORTS || n_dynamic > MAX_PORTS)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_TOO_LARGE, "an allocation may have at most %d ports", MAX_PORTS);
      return NULL;
    }
  taken = read_taken (self, error);
  if (taken == NULL || !check_static (self, taken, ports, n_ports, error))
    return NULL;
  return find_dynamic (self, taken, ports, n_ports, n_dynamic, error);
}

/**
 * dms_port_ledger_check:
 * @self: a ledger
 * @ports: (array length=n_ports) (nullable): ports that must be free
 * @n_ports: how many
 * @n_dynamic: how many others must be free
 * @error: return location
 *
 * Returns: whether they could be taken now
 */
gboolean
dms_port_ledger_check (DmsPortLedger *self,
                       const guint16 *ports,
                       gsize n_ports,
                       guint n_dynamic,
                       GError **error)
{
  g_autoptr (GArray) found = NULL;

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), FALSE);

  found = find_all (self, ports, n_ports, n_dynamic, error);
  return found != NULL;
}

typedef struct
{
  DmsPortLedger *ledger;
  const char *allocation_id;
  const guint16 *ports;
  const guint16 *job_ports;
  gsize n_ports;
  guint n_dynamic;
  GArray *dynamic;
} Take;

static gboolean
insert_port (Take *request, guint16 port, guint16 job_port, gboolean dynamic, GError **error)
{
  g_autoptr (DmsStatement) statement =
      dms_store_prepare (request->ledger->store,
                         "INSERT INTO ports (port, allocation_id, job_port, dynamic) VALUES (?1, ?2, ?3, ?4)",
                         error);

  if (statement == NULL)
    return FALSE;
  dms_statement_bind_int64 (statement, 1, port);
  dms_statement_bind_text (statement, 2, request->allocation_id);
  dms_statement_bind_int64 (statement, 3, job_port);
  dms_statement_bind_int64 (statement, 4, dynamic);
  return dms_statement_run (statement, error);
}

static gboolean
take (DmsStore *store, gpointer user_data, GError **error)
{
  Take *request = user_data;

  request->dynamic = find_all (request->ledger, request->ports, request->n_ports, request->n_dynamic, error);
  if (request->dynamic == NULL)
    return FALSE;
  for (gsize i = 0; i < request->n_ports; i++)
    {
      guint16 job_port = request->job_ports != NULL ? request->job_ports[i] : 0;
      if (!insert_port (request, request->ports[i], job_port, FALSE, error))
        return FALSE;
    }
  for (guint i = 0; i < request->dynamic->len; i++)
    {
      if (!insert_port (request, g_array_index (request->dynamic, guint16, i), 0, TRUE, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * dms_port_ledger_take:
 * @self: a ledger
 * @allocation_id: who they are for
 * @ports: (array length=n_ports) (nullable): these
 * @job_ports: (array length=n_ports) (nullable): the job's port behind each
 * @n_ports: how many
 * @n_dynamic: and so many others
 * @error: return location
 *
 * Returns: (transfer full) (nullable) (element-type guint16): the others; %NULL when nothing was taken
 */
GArray *
dms_port_ledger_take (DmsPortLedger *self,
                      const char *allocation_id,
                      const guint16 *ports,
                      const guint16 *job_ports,
                      gsize n_ports,
                      guint n_dynamic,
                      GError **error)
{
  Take request = { self, allocation_id, ports, job_ports, n_ports, n_dynamic, NULL };

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), NULL);

  if (!dms_store_transaction (self->store, take, &request, error))
    g_clear_pointer (&request.dynamic, g_array_unref);
  return request.dynamic;
}

/**
 * dms_port_ledger_release:
 * @self: a ledger
 * @allocation_id: whose ports
 * @error: return location
 *
 * Returns: %TRUE unless the database failed
 */
gboolean
dms_port_ledger_release (DmsPortLedger *self, const char *allocation_id, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), FALSE);

  statement = dms_store_prepare (self->store, "DELETE FROM ports WHERE allocation_id = ?1", error);
  if (statement == NULL)
    return FALSE;
  dms_statement_bind_text (statement, 1, allocation_id);
  return dms_statement_run (statement, error);
}

/**
 * dms_port_ledger_set_job_port:
 * @self: a ledger
 * @allocation_id: who holds the port
 * @port: the port
 * @job_port: the job's port behind it
 * @error: return location
 *
 * Returns: whether it leads there now
 */
gboolean
dms_port_ledger_set_job_port (DmsPortLedger *self,
                              const char *allocation_id,
                              guint16 port,
                              guint16 job_port,
                              GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), FALSE);

  statement = dms_store_prepare (
      self->store, "UPDATE ports SET job_port = ?3 WHERE port = ?1 AND allocation_id = ?2", error);
  if (statement == NULL)
    return FALSE;
  dms_statement_bind_int64 (statement, 1, port);
  dms_statement_bind_text (statement, 2, allocation_id);
  dms_statement_bind_int64 (statement, 3, job_port);
  if (!dms_statement_run (statement, error))
    return FALSE;
  if (dms_store_get_changes (self->store) == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "allocation “%s” does not hold port %u",
                   allocation_id,
                   port);
      return FALSE;
    }
  return TRUE;
}

static DmsStatement *
select_for (DmsPortLedger *self, const char *sql, const char *allocation_id, GError **error)
{
  DmsStatement *statement = dms_store_prepare (self->store, sql, error);

  if (statement != NULL)
    dms_statement_bind_text (statement, 1, allocation_id);
  return statement;
}

/**
 * dms_port_ledger_list:
 * @self: a ledger
 * @allocation_id: whose ports
 * @error: return location
 *
 * Returns: (transfer full) (nullable) (element-type DmsPortMapping): those that lead to a port of the job
 */
GPtrArray *
dms_port_ledger_list (DmsPortLedger *self, const char *allocation_id, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;
  g_autoptr (GPtrArray) mappings = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_port_mapping_unref);
  gboolean row;

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), NULL);

  statement =
      select_for (self,
                  "SELECT port, job_port FROM ports WHERE allocation_id = ?1 AND job_port > 0 ORDER BY port",
                  allocation_id,
                  error);
  if (statement == NULL)
    return NULL;
  do
    {
      if (!dms_statement_step (statement, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (mappings,
                         dms_port_mapping_new (NULL,
                                               (guint16) dms_statement_get_int64 (statement, 0),
                                               (guint16) dms_statement_get_int64 (statement, 1),
                                               DMS_PORT_TCP));
    }
  while (row);
  return g_steal_pointer (&mappings);
}

/**
 * dms_port_ledger_list_dynamic:
 * @self: a ledger
 * @allocation_id: whose ports
 * @error: return location
 *
 * Returns: (transfer full) (nullable) (element-type guint16): those that this machine chose
 */
GArray *
dms_port_ledger_list_dynamic (DmsPortLedger *self, const char *allocation_id, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  gboolean row;

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), NULL);

  statement = select_for (self,
                          "SELECT port FROM ports WHERE allocation_id = ?1 AND dynamic ORDER BY port",
                          allocation_id,
                          error);
  if (statement == NULL)
    return NULL;
  do
    {
      guint16 port;
      if (!dms_statement_step (statement, &row, error))
        return NULL;
      port = row ? (guint16) dms_statement_get_int64 (statement, 0) : 0;
      if (row)
        g_array_append_val (ports, port);
    }
  while (row);
  return g_steal_pointer (&ports);
}

/**
 * dms_port_ledger_list_holders:
 * @self: a ledger
 * @error: return location
 *
 * Returns: (transfer full) (nullable): everybody who holds a port
 */
GStrv
dms_port_ledger_list_holders (DmsPortLedger *self, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  gboolean row;

  g_return_val_if_fail (DMS_IS_PORT_LEDGER (self), NULL);

  statement = dms_store_prepare (self->store, "SELECT DISTINCT allocation_id FROM ports ORDER BY 1", error);
  if (statement == NULL)
    return NULL;
  do
    {
      if (!dms_statement_step (statement, &row, error))
        return NULL;
      if (row)
        g_strv_builder_add (ids, dms_statement_get_text (statement, 0));
    }
  while (row);
  return g_strv_builder_end (ids);
}
