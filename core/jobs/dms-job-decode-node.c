/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-decode-private.h"

#include "jobs/dms-node-config-private.h"
#include "jobs/dms-port-config.h"
#include "resources/dms-location.h"
#include "resources/dms-requirement.h"

enum
{
  MAX_PORTS = 1024,
  MAX_LOCATIONS = 256,
  MAX_REDUNDANCY = 100
};

static DmsPortConfig *
decode_port (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) port = dms_job_reader_new (node, path, scope->form, scope->report);
  g_autofree char *allocation = NULL;
  gint64 public_port;
  gint64 private_port;

  if (port == NULL)
    return NULL;
  public_port = dms_job_reader_get_int (port, "public", 0, 65535, 0);
  if (public_port > 0 && public_port < 1025)
    dms_job_reader_error (
        port, "public", "must be 0 (any free port) or from 1025 to 65535, got %d", (int) public_port);
  dms_job_reader_get (port, "private", DMS_JOB_READ_REQUIRED);
  private_port = dms_job_reader_get_int (port, "private", 1, 65535, 1);
  allocation = dms_job_reader_dup_string (port, "allocation", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  dms_job_reader_finish (port);
  return dms_port_config_new ((guint16) public_port, (guint16) private_port, allocation);
}

static GPtrArray *
decode_ports (DmsJobReader *node, const DmsJobScope *scope)
{
  GPtrArray *ports = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_port_config_unref);
  DmsJobNode *list = dms_job_reader_get_list (node, "ports", DMS_JOB_READ_OPTIONAL);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  if (list == NULL)
    return ports;
  if (dms_job_node_get_n_items (list) > MAX_PORTS)
    {
      dms_job_reader_error (node, "ports", "must have at most %d items", MAX_PORTS);
      return ports;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s.ports[%u]", dms_job_reader_get_path (node), i);
      DmsPortConfig *port = decode_port (dms_job_node_get_item (list, i), path, scope);

      if (port == NULL)
        continue;
      g_ptr_array_add (ports, port);
      if (dms_port_config_get_public (port) > 0 &&
          !g_hash_table_add (seen, GUINT_TO_POINTER ((guint) dms_port_config_get_public (port))))
        dms_job_report_error (scope->report,
                              dms_job_node_get_item (list, i),
                              path,
                              "public port %u is given twice on this node",
                              dms_port_config_get_public (port));
    }
  return ports;
}

static DmsLocation *
decode_location (DmsJobNode *node, const char *path, const DmsJobScope *scope)
{
  g_autoptr (DmsJobReader) location = dms_job_reader_new (node, path, scope->form, scope->report);
  DmsJobReadFlags optional =
      scope->form == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL;
  g_autofree char *continent = NULL;
  g_autofree char *country = NULL;
  g_autofree char *city = NULL;
  g_autofree char *isp = NULL;
  guint32 asn;

  if (location == NULL)
    return NULL;
  continent =
      dms_job_reader_dup_string (location, "continent", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  country = dms_job_reader_dup_string (location, "country", optional);
  city = dms_job_reader_dup_string (location, "city", optional);
  isp = dms_job_reader_dup_string (location, "isp", optional);
  asn = (guint32) dms_job_reader_get_int (location, "asn", 0, G_MAXUINT32, 0);
  dms_job_reader_skip_obsolete (location, "region");
  if (city != NULL && *city != '\0' && (country == NULL || *country == '\0'))
    dms_job_reader_error (location, "city", "needs a country beside it");
  dms_job_reader_finish (location);
  return dms_location_new (continent,
                           country != NULL && *country != '\0' ? country : NULL,
                           city != NULL && *city != '\0' ? city : NULL,
                           asn,
                           isp != NULL && *isp != '\0' ? isp : NULL);
}

GPtrArray *
dms_job_decode_locations (DmsJobReader *parent, const char *key, const DmsJobScope *scope)
{
  GPtrArray *locations = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_location_unref);
  DmsJobNode *list = parent == NULL ? NULL : dms_job_reader_get_list (parent, key, DMS_JOB_READ_OPTIONAL);

  if (list == NULL)
    return locations;
  if (dms_job_node_get_n_items (list) > MAX_LOCATIONS)
    {
      dms_job_reader_error (parent, key, "must have at most %d items", MAX_LOCATIONS);
      return locations;
    }
  for (guint i = 0; i < dms_job_node_get_n_items (list); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s.%s[%u]", dms_job_reader_get_path (parent), key, i);
      DmsLocation *location = decode_location (dms_job_node_get_item (list, i), path, scope);

      if (location != NULL)
        g_ptr_array_add (locations, location);
    }
  return locations;
}

static void
decode_peer (DmsJobReader *node, DmsNodeConfig *self)
{
  g_autoptr (DmsPeerId) peer = NULL;

  self->peer = dms_job_reader_dup_string (
      node,
      "peer",
      dms_job_reader_get_form (node) == DMS_JOB_FORM_FILE ? DMS_JOB_READ_NON_EMPTY : DMS_JOB_READ_OPTIONAL);
  if (self->peer == NULL || *self->peer == '\0')
    {
      g_clear_pointer (&self->peer, g_free);
      return;
    }
  peer = dms_peer_id_new (self->peer, NULL);
  if (peer == NULL)
    {
      dms_job_reader_error (node, "peer", "must be a peer ID, got \"%.80s\"", self->peer);
      return;
    }
  g_free (self->peer);
  self->peer = g_strdup (dms_peer_id_get_text (peer));
}

static void
decode_required (DmsJobReader *node, DmsNodeConfig *self, const DmsJobScope *scope)
{
  g_autoptr (GError) error = NULL;

  self->own_required = dms_job_decode_requires (node, scope);
  if (self->own_required == NULL && scope->required == NULL)
    return;
  self->required = dms_requirement_tighten (scope->required, self->own_required, &error);
  if (self->required == NULL)
    dms_job_reader_error (
        node, "requires", "does not go with the requires of the ensemble: %s", error->message);
}

DmsNodeConfig *
dms_job_decode_node (DmsJobNode *tree, const char *path, const char *name, const DmsJobScope *scope)
{
  static const char *const recoveries[] = { "stay_down", "restart", "redeploy", NULL };
  g_autoptr (DmsJobReader) node = dms_job_reader_new (tree, path, scope->form, scope->report);
  g_autoptr (DmsJobReader) location = NULL;
  g_autoptr (DmsNodeConfig) self = NULL;

  if (node == NULL)
    return NULL;
  self = g_atomic_rc_box_new0 (DmsNodeConfig);
  self->name = g_strdup (name);
  self->allocations =
      dms_job_reader_dup_strv (node, "allocations", DMS_JOB_READ_REQUIRED | DMS_JOB_READ_NON_EMPTY);
  self->ports = decode_ports (node, scope);
  location = dms_job_reader_open (node, "location", DMS_JOB_READ_OPTIONAL);
  self->accept = dms_job_decode_locations (location, "accept", scope);
  self->reject = dms_job_decode_locations (location, "reject", scope);
  if (location != NULL)
    dms_job_reader_finish (location);
  self->preferences = dms_job_decode_preferences (node, scope);
  decode_required (node, self, scope);
  decode_peer (node, self);
  self->redundancy = (guint) dms_job_reader_get_int (node, "redundancy", 0, MAX_REDUNDANCY, 0);
  self->failure_recovery =
      dms_job_reader_dup_choice (node, "failure_recovery", recoveries, "stay_down", DMS_JOB_READ_OPTIONAL);
  dms_job_reader_finish (node);
  return g_steal_pointer (&self);
}
