"""Why a schedule is as it is, until when that holds, what another choice would cost, and what it would take."""
