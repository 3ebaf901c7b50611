/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "limits/dms-p2p-scope.h"

static const char *const dms_p2p_scope_names[] = {
  "system", "transient", "peer", "ip", "ip-block", "loopback", "protocol",
};

static const char *const dms_p2p_resource_names[] = {
  "memory",  "descriptors",     "connections",      "connections-inbound", "connections-outbound",
  "streams", "streams-inbound", "streams-outbound",
};

G_STATIC_ASSERT (G_N_ELEMENTS (dms_p2p_scope_names) == DMS_P2P_N_SCOPES);
G_STATIC_ASSERT (G_N_ELEMENTS (dms_p2p_resource_names) == DMS_P2P_N_RESOURCES);

const char *
dms_p2p_scope_kind_get_name (DmsP2pScopeKind kind)
{
  return dms_p2p_scope_names[kind];
}

const char *
dms_p2p_resource_get_name (DmsP2pResource resource)
{
  return dms_p2p_resource_names[resource];
}

DmsP2pScope *
dms_p2p_scope_new (DmsP2pScopeKind kind, const char *name)
{
  DmsP2pScope *self = g_new0 (DmsP2pScope, 1);

  self->kind = kind;
  self->name = g_strdup (name);
  return self;
}

void
dms_p2p_scope_free (DmsP2pScope *self)
{
  g_free (self->name);
  g_free (self);
}

DmsP2pResource
dms_p2p_scope_check (const DmsP2pScope *self, const guint64 *limits, const guint64 *amounts)
{
  /* The narrow resource says more than the sum it is part of. */
  for (guint i = DMS_P2P_N_RESOURCES; i-- > 0;)
    if (amounts[i] > 0 && (self->used[i] > limits[i] || amounts[i] > limits[i] - self->used[i]))
      return i;
  return DMS_P2P_N_RESOURCES;
}

void
dms_p2p_scope_add (DmsP2pScope *self, const guint64 *amounts)
{
  for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
    {
      self->used[i] += amounts[i];
      self->peak[i] = MAX (self->peak[i], self->used[i]);
    }
}

void
dms_p2p_scope_remove (DmsP2pScope *self, const guint64 *amounts)
{
  for (guint i = 0; i < DMS_P2P_N_RESOURCES; i++)
    {
      g_assert (self->used[i] >= amounts[i]);
      self->used[i] -= amounts[i];
    }
}
