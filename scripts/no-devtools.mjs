// Stands in the bundle for ink's optional react-devtools-core, which only a developer of ink uses.
export default { initialize() {}, connectToDevTools() {} }
