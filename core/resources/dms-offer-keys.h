/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  /* As many as a machine can have: executors, sizes of GPU and memory, one of processors, one architecture.
   */
  DMS_OFFER_KEYS_MAX = 12,
  /* As many as a requirement is looked up by. */
  DMS_OFFER_KEYS_WANTED = 2,
};

/* The names under which the network is told, and asked, who lends what: few and coarse, so that they tell
 * little more than that a machine is not small, and so that each is shared by many. A machine stands under
 * each class that what it lends reaches. Who can meet a requirement stands under each name that the
 * requirement is looked up by; others stand there too. */

/* Of a machine: @executors that can run jobs, of which the first few count. @architecture: (nullable): of the
 * machine. */
GStrv
dms_offer_keys_list_offered (DmsResources *lent, const char *architecture, const char *const *executors);
/* Of a requirement: the one fewest machines stand under first. */
GStrv dms_offer_keys_list_wanted (DmsResources *required, const char *const *executors);

G_END_DECLS
