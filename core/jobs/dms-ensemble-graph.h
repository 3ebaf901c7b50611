/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "jobs/dms-ensemble.h"

G_BEGIN_DECLS

/* Pictures of an ensemble: its nodes, the allocations on them with what each waits for, ports, and demands on
 * links between nodes. All (transfer full). */

/* For a terminal. */
char *dms_ensemble_graph_to_text (DmsEnsemble *ensemble);
/* For graphviz. */
char *dms_ensemble_graph_to_dot (DmsEnsemble *ensemble);
/* A drawing, laid out here: nodes side by side, in each of them allocations in the layers in which they
 * start.
 */
char *dms_ensemble_graph_to_svg (DmsEnsemble *ensemble);

G_END_DECLS
