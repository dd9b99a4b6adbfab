//! A cluster from plan to removal on the simulator.
