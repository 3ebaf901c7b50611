/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* What is counted. */
typedef enum
{
  DMS_P2P_RESOURCE_MEMORY,
  DMS_P2P_RESOURCE_DESCRIPTORS,
  DMS_P2P_RESOURCE_CONNECTIONS,
  DMS_P2P_RESOURCE_CONNECTIONS_INBOUND,
  DMS_P2P_RESOURCE_CONNECTIONS_OUTBOUND,
  DMS_P2P_RESOURCE_STREAMS,
  DMS_P2P_RESOURCE_STREAMS_INBOUND,
  DMS_P2P_RESOURCE_STREAMS_OUTBOUND,
  DMS_P2P_N_RESOURCES
} DmsP2pResource;

/* For whom it is counted. An IP is an IPv4 address or an IPv6 /64; an IP block is an IPv6 /56. Addresses of
 * this machine are apart: on them there are tests and helpers, and no crowd. */
typedef enum
{
  DMS_P2P_SCOPE_SYSTEM,
  DMS_P2P_SCOPE_TRANSIENT,
  DMS_P2P_SCOPE_PEER,
  DMS_P2P_SCOPE_IP,
  DMS_P2P_SCOPE_IP_BLOCK,
  DMS_P2P_SCOPE_LOOPBACK,
  DMS_P2P_SCOPE_PROTOCOL,
  DMS_P2P_N_SCOPES
} DmsP2pScopeKind;

/* One who is counted for: the whole, or one peer. Lives as long as something is counted for it. */
typedef struct
{
  DmsP2pScopeKind kind;
  char *name;
  guint n_users;
  guint64 used[DMS_P2P_N_RESOURCES];
  guint64 peak[DMS_P2P_N_RESOURCES];
  guint64 refused[DMS_P2P_N_RESOURCES];
} DmsP2pScope;

DmsP2pScope *dms_p2p_scope_new (DmsP2pScopeKind kind, const char *name);
void dms_p2p_scope_free (DmsP2pScope *self);

/* The resource that lacks room for @amounts, or DMS_P2P_N_RESOURCES when all is well. */
DmsP2pResource dms_p2p_scope_check (const DmsP2pScope *self, const guint64 *limits, const guint64 *amounts);
void dms_p2p_scope_add (DmsP2pScope *self, const guint64 *amounts);
void dms_p2p_scope_remove (DmsP2pScope *self, const guint64 *amounts);

const char *dms_p2p_scope_kind_get_name (DmsP2pScopeKind kind);
const char *dms_p2p_resource_get_name (DmsP2pResource resource);

G_END_DECLS
