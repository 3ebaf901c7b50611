/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* Looks in the distributed hash table for machines that stand under the names of dms-offer-keys.h, and keeps
 * what it found until somebody wants it. Whoever is found has said so himself and may be anybody: all that
 * follows is that he is asked. Bounded in names, in machines and in time. */
typedef struct _DmsProviderSearch DmsProviderSearch;

/* Somebody was found. */
typedef void (*DmsProviderSearchFunc) (gpointer user_data);

DmsProviderSearch *
dms_provider_search_new (DmsTransport *transport, DmsProviderSearchFunc found, gpointer user_data);
/* Gives up what is under way. */
void dms_provider_search_free (DmsProviderSearch *self);

/* Begins anew: names may be looked up again, machines given out again. */
void dms_provider_search_renew (DmsProviderSearch *self);
/* Names beyond the limit, and those that were looked up already, are left out. */
void dms_provider_search_add (DmsProviderSearch *self, const char *const *names);
/* (nullable): a peer ID that was not given out yet. Those that were given out least often before come first,
 * as their asking was not in vain yet; of them, those that stand under most names; of them, anyone. Borrowed.
 */
const char *dms_provider_search_take (DmsProviderSearch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsProviderSearch, dms_provider_search_free)

G_END_DECLS
