/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The one header a plugin includes. */

#include "dms-enum-types.h"
#include "dms-error.h"
#include "dms-types.h"
#include "dms-version.h"

#include "values/dms-cpu.h"
#include "values/dms-did.h"
#include "values/dms-disk.h"
#include "values/dms-exec-result.h"
#include "values/dms-execution-result.h"
#include "values/dms-execution-spec.h"
#include "values/dms-executor-probe.h"
#include "values/dms-gpu.h"
#include "values/dms-hardware.h"
#include "values/dms-log-chunk.h"
#include "values/dms-multiaddr.h"
#include "values/dms-peer-id.h"
#include "values/dms-peer-info.h"
#include "values/dms-peer-score.h"
#include "values/dms-port-mapping.h"
#include "values/dms-ram.h"
#include "values/dms-resources.h"
#include "values/dms-script.h"
#include "values/dms-transport-config.h"
#include "values/dms-usage.h"
#include "values/dms-volume.h"

#include "executor/dms-execution.h"
#include "executor/dms-executor.h"

#include "transport/dms-stream.h"
#include "transport/dms-transport.h"
